import { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/**
 * A request of Node as the SDK reads a web `Request`: method, address, headers and the signal, nothing of the body,
 * which comes beside it. A real `Request` costs more processor time than the rest of an inline call together.
 */
export function asWebRequest(request: IncomingMessage, signal?: AbortSignal): Request {
  return new WebRequest(request, signal) as unknown as Request;
}

class WebRequest {
  readonly method: string;
  readonly headers: HeaderFields;

  constructor(
    private readonly request: IncomingMessage,
    readonly signal: AbortSignal | undefined,
  ) {
    this.method = request.method ?? 'GET';
    this.headers = new HeaderFields(request.headers);
  }

  get url(): string {
    return `http://${this.request.headers.host ?? 'localhost'}${this.request.url ?? '/'}`;
  }
}

class HeaderFields {
  constructor(private readonly fields: IncomingHttpHeaders) {}

  get(name: string): string | null {
    const value = this.fields[name.toLowerCase()];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }

  has(name: string): boolean {
    return this.fields[name.toLowerCase()] !== undefined;
  }
}
