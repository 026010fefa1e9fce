import { EXIT_CODES, errorFromEnvelope, exitCodeOf, isErrorCode, type ErrorEnvelope } from '#libs/errors';
import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { contentOf } from './call-summary.js';
import { CliFailure } from './cli-failure.js';
import { type ToolResult } from './tool-messages.js';

export interface GatewayContact {
  /** Address as a person would type it. */
  readonly address: string;
  readonly hasToken: boolean;
}

/** What an error of the MCP client means to the person who typed the command. */
export function gatewayFailure(error: unknown, contact: GatewayContact): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof ProtocolError) {
    return isEnvelope(error.data)
      ? envelopeFailure(error.data)
      : new CliFailure(error.message, { exitCode: EXIT_CODES.failed });
  }
  if (error instanceof SdkHttpError) return refusedRequest(error, contact);
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
    return new CliFailure('The call did not finish in time.', {
      exitCode: EXIT_CODES.deadline,
      hint: 'Allow more with --timeout <seconds>, or ask a smaller question.',
    });
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.ConnectionClosed) {
    return new CliFailure(`The connection to the gateway at ${contact.address} was lost.`, {
      exitCode: EXIT_CODES.unreachable,
      hint: 'Check with `npx exai status`, then repeat the call.',
    });
  }
  return unreachable(error, contact);
}

/** The failure that an error envelope of the gateway describes. */
function envelopeFailure(
  envelope: ErrorEnvelope,
  document: unknown = { status: 'error', error: envelope },
): CliFailure {
  return new CliFailure(envelope.message, {
    exitCode: exitCodeOf(errorFromEnvelope(envelope)),
    hint: envelope.hint,
    correlationId: envelope.correlationId,
    code: envelope.code,
    document,
  });
}

/** The failure that the result of a failed call describes. */
export function failureOfResult(result: ToolResult): CliFailure {
  const document = result.structuredContent ?? result;
  const error = result.structuredContent?.['error'];
  return isEnvelope(error)
    ? envelopeFailure(error, document)
    : new CliFailure(contentOf(result), { exitCode: EXIT_CODES.failed, document });
}

function isEnvelope(value: unknown): value is ErrorEnvelope {
  const { code, message } = (value ?? {}) as Partial<ErrorEnvelope>;
  return isErrorCode(code) && typeof message === 'string';
}

function refusedRequest(error: SdkHttpError, { address, hasToken }: GatewayContact): CliFailure {
  const envelope = envelopeIn(error.data);
  if (!envelope) {
    return new CliFailure(
      `What listens at ${address} answers with HTTP status ${error.status} and is no EX-AI gateway.`,
      { exitCode: EXIT_CODES.unreachable, hint: 'Name the right address with --url or EXAI_URL.' },
    );
  }
  const failure = envelopeFailure(envelope);
  if (error.status !== 401) return failure;
  const found = hasToken ? 'The token that was found does not fit this gateway' : 'No token was found';
  return new CliFailure(failure.message, {
    ...failure.parts,
    hint: `${found}: set EXAI_TOKEN (\`npx exai token create\` issues one), or EXAI_DATA_DIR to the data directory of the gateway.`,
  });
}

function envelopeIn(data: unknown): ErrorEnvelope | undefined {
  const { text } = (data ?? {}) as { text?: unknown };
  try {
    const { error } = JSON.parse(String(text)) as { error?: { data?: unknown } };
    return isEnvelope(error?.data) ? error.data : undefined;
  } catch {
    return undefined;
  }
}

function unreachable(error: unknown, { address }: GatewayContact): CliFailure {
  const code = networkCode(error);
  if (code === undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    return new CliFailure(`The gateway at ${address} gave no usable answer: ${reason}`, {
      exitCode: EXIT_CODES.unreachable,
    });
  }
  return new CliFailure(
    `No EX-AI gateway can be reached at ${address} (${code}): start it with \`npm start\` or \`npx exai start\`.`,
    { exitCode: EXIT_CODES.unreachable },
  );
}

/** The operating system's word for it, wherever in the chain of causes it stands. */
function networkCode(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, errors } = cause as NodeJS.ErrnoException & { errors?: unknown };
    if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_\w+|[A-Z]*_?TLS_\w+|CERT_\w+)$/.test(code)) {
      // The SDK has names of its own in this place.
      if (!(cause instanceof SdkError)) return code;
    }
    if (Array.isArray(errors)) return networkCode(errors[0]);
  }
  return undefined;
}
