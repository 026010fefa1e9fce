import { type ErrorCode, type ErrorDetails } from '#libs/errors';
import { randomUUID } from 'node:crypto';
import { type ClientCall } from './client-line.js';
import { type LinkRefused } from './gateway-link.js';
import { fieldsOf, type ClientRequest, type RequestId } from './message.js';

/** Why a request gets no answer from the gateway: a code of the catalogue, worded for what happened here. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
  readonly details?: ErrorDetails;
}

/** JSON-RPC error for a request that the gateway has not taken on. */
export async function errorLine(id: RequestId | null, refusal: Refusal): Promise<string> {
  const { number, envelope } = await envelopeOf(refusal, randomUUID());
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: number, message: envelope.message, data: envelope },
  });
}

/** The request was sent and its answer cannot come any more; whether a call ran, nobody here knows. */
export async function lostLine({ request, callId }: ClientCall): Promise<string> {
  const { id, method, tool } = request;
  if (tool === undefined) {
    return errorLine(id, {
      code: 'DRAINING',
      message: `The connection to the gateway was lost before it answered \`${method}\`.`,
      hint: 'The connection comes back by itself; repeat the request.',
    });
  }
  return toolErrorLine(request, lostCall(tool, callId), callId);
}

/** The call was sent, and for the reason that `refusal` names no gateway can be asked for its answer. */
export async function givenUpLine({ request, callId }: ClientCall, refusal: Refusal): Promise<string> {
  const hint = `${refusal.hint ?? ''} The call was sent before and may still be running. ${lookHint(callId)}`;
  return toolErrorLine(request, { ...refusal, hint: hint.trim() }, callId);
}

/** The result of a call that failed here, in the form in which the gateway's own failures come. */
export async function toolErrorLine(
  { id, tool, modern }: ClientRequest,
  refusal: Refusal,
  callId?: string,
): Promise<string> {
  const correlationId = callId ?? randomUUID();
  const { envelope } = await envelopeOf(refusal, correlationId, callId);
  const ids = { ...(callId && { 'io.exai/callId': callId }), 'io.exai/correlationId': correlationId };
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    result: {
      ...(modern && { resultType: 'complete' }),
      isError: true,
      content: [{ type: 'text', text: `${envelope.message} ${envelope.hint}` }],
      structuredContent: {
        status: 'error',
        error: envelope,
        metadata: { tool_name: tool, correlation_id: correlationId },
      },
      _meta: { ...ids, 'io.exai/error': envelope },
    },
  });
}

function lostCall(tool: string, callId: string | undefined): Refusal {
  return {
    code: 'DEADLINE_EXCEEDED',
    message: `The connection to the gateway was lost while it worked on the call of \`${tool}\`, and did not come back in the time the call had; it may still be running.`,
    hint: `The connection comes back by itself. ${lookHint(callId)}`,
    details: { stage: 'connection lost' },
  };
}

function lookHint(callId: string | undefined): string {
  return callId === undefined
    ? 'Repeat it only if running twice does no harm.'
    : `Ask call_result for the call id ${callId} before you repeat it.`;
}

export function tooLarge(limitBytes: number): Refusal {
  return { code: 'PAYLOAD_TOO_LARGE', details: { limit: `${limitBytes} bytes` } };
}

/** The gateway cannot be reached: nothing was started, so the same request may be sent again. */
export function awayRefusal(address: string, reason: string): Refusal {
  return {
    code: 'DRAINING',
    message: `The EX-AI gateway at ${address} cannot be reached: ${reason}.`,
    hint: 'The request was not sent. Start the gateway with `npm start` or `npx exai start`, or name another one in EXAI_URL, then repeat the request.',
    details: { reason: 'gateway unreachable' },
  };
}

/** What the gateway, or whatever listens there, said to the upgrade. */
export async function upgradeRefusal(
  { status, body }: LinkRefused,
  address: string,
  hasToken: boolean,
): Promise<Refusal> {
  const { isErrorCode } = await import('#libs/errors');
  const { code, detail, hint } = fieldsOf(parsed(body));
  if (!isErrorCode(code)) {
    return awayRefusal(address, `what listens there answers with HTTP status ${status} and is no gateway`);
  }
  const where = hasToken ? 'The token was refused' : 'No token was found';
  return {
    code,
    message: `The gateway at ${address} refuses the connection: ${String(detail)}`,
    hint:
      status === 401
        ? `${where}; set EXAI_TOKEN (\`npx exai token create\` issues one), or EXAI_DATA_DIR to the data directory of that gateway.`
        : String(hint),
  };
}

async function envelopeOf(
  { code, message, hint, details = {} }: Refusal,
  correlationId: string,
  callId?: string,
) {
  // Loaded only when something went wrong: a start has no time for it.
  const { ExaiError, toEnvelope } = await import('#libs/errors');
  const worded = new ExaiError(code, details);
  const wording = { message: message ?? worded.message, hint: hint ?? worded.hint };
  const error = new ExaiError(code, details, { wording });
  const { jsonrpc } = error.entry;
  return {
    number: typeof jsonrpc === 'number' ? jsonrpc : -32603,
    envelope: toEnvelope(error, { correlationId, callId }),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
