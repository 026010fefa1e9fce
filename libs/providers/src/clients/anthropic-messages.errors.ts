import { z } from 'zod';

const optional = z.string().nullish().catch(undefined);

/** `{type: 'error', error: {type, message, details}, request_id}`; only the inner object is always there. */
const envelopeSchema = z.looseObject({
  error: z.looseObject({
    details: z.looseObject({ error_code: optional }).nullish().catch(undefined),
  }),
  request_id: optional,
});

/** A vendor's error out of its envelope, with the fields that every dialect's errors have. */
export class MessagesError extends Error {
  constructor(
    readonly error: unknown,
    readonly status?: number,
    readonly headers?: Headers,
  ) {
    super('The provider sent an error in place of an answer.');
  }
}

/** Passes a parsed answer on; throws the error that stands in its place. */
export function withoutError(value: unknown): unknown {
  const error = errorIn(value);
  if (error) throw new MessagesError(error.fields, undefined, headersWith(undefined, error.requestId));
  return value;
}

/** Brings what the package throws into the form that errors are classified by. */
export function withoutEnvelope(raw: unknown): unknown {
  if (raw === null || typeof raw !== 'object') return raw;
  const { error, status, headers } = raw as Readonly<Record<string, unknown>>;
  const known = errorIn(error);
  if (!known || typeof status !== 'number') return raw;
  return new MessagesError(
    known.fields,
    status,
    headersWith(headers instanceof Headers ? headers : undefined, known.requestId),
  );
}

function errorIn(
  value: unknown,
):
  { readonly fields: Readonly<Record<string, unknown>>; readonly requestId: string | undefined } | undefined {
  const { data } = envelopeSchema.safeParse(value);
  if (!data) return undefined;
  const { details, ...fields } = data.error;
  const code = details?.error_code;
  return { fields: { ...fields, ...(code && { code }) }, requestId: data.request_id ?? undefined };
}

/** The body names the request too, for vendors and proxies that send no header with it. */
function headersWith(headers: Headers | undefined, requestId: string | undefined): Headers {
  const all = new Headers(headers);
  if (requestId && !all.has('request-id') && /^[\w.-]{1,200}$/.test(requestId)) {
    all.set('request-id', requestId);
  }
  return all;
}
