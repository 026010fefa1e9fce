/** What a foreign error says about itself. */
export interface ErrorFacts {
  readonly status: number | undefined;
  readonly type: string;
  readonly code: string;
  readonly message: string;
  readonly headers: Pick<Headers, 'get'> | undefined;
  /** The vendor answered with an error object, be it in the middle of a stream. */
  readonly answered: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

const MAX_CAUSES = 8;

export function factsOf(raw: unknown): ErrorFacts {
  const error = causesOf(raw)[0] ?? {};
  const body = error['error'];
  const fields = isObject(body) ? body : {};
  const status = typeof error['status'] === 'number' ? error['status'] : undefined;
  return {
    status,
    type: textOf(fields['type']),
    code: textOf(fields['code']),
    message:
      textOf(fields['message']) ||
      textOf(fields['msg']) ||
      textOf(fields['detail']) ||
      textOf(body) ||
      textOf(error['message']),
    headers: headersOf(error['headers']),
    answered: status !== undefined || (body !== null && body !== undefined),
  };
}

/** The error and what caused it, outermost first. */
export function causesOf(raw: unknown): readonly Fields[] {
  const chain: Fields[] = [];
  let current = raw;
  while (isObject(current) && chain.length < MAX_CAUSES) {
    chain.push(current);
    current = current['cause'];
  }
  return chain;
}

/** Several classes of headers are about, as connections bring their own. */
function headersOf(value: unknown): Pick<Headers, 'get'> | undefined {
  return isObject(value) && typeof value['get'] === 'function'
    ? (value as unknown as Pick<Headers, 'get'>)
    : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object';
}
