import type Anthropic from '@anthropic-ai/sdk';
import type { ClientSettings } from '../define.js';
import { readText } from './response-body.js';
import { LONGEST_WAIT_MS } from './retry-after.js';

/** The form of the dialect that its other vendors speak as well. */
const VERSION = '2023-06-01';
const MAX_ERROR_BYTES = 64 * 1024;

/** What every request has beside its path. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly correlationId: string;
}

/** The HTTP side of the dialect: one method call is one request. */
export class MessagesApi {
  private readonly baseUrl: string;
  private readonly headers: Readonly<Record<string, string>>;
  private client: Promise<Anthropic> | undefined;

  constructor(private readonly settings: ClientSettings) {
    // Both forms are common; the package's paths begin with the version.
    this.baseUrl = settings.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '');
    this.headers = headersOf(settings);
  }

  /** Loaded by the worker when it starts: a process that never asks a model starts faster without it. */
  async open(): Promise<Anthropic> {
    return (this.client ??= this.load());
  }

  async post(path: string, body: object, options: CallOptions): Promise<Response> {
    const client = await this.open();
    const accept = 'stream' in body ? 'text/event-stream' : 'application/json';
    return client.post(path, { body, ...this.optionsOf(options, accept) }).asResponse();
  }

  async get(path: string, query: Record<string, string>, options: CallOptions): Promise<Response> {
    const client = await this.open();
    return client.get(path, { query, ...this.optionsOf(options, 'application/json') }).asResponse();
  }

  urlOf(path: string): string {
    const query = new URLSearchParams(this.settings.provider.query).toString();
    return `${this.baseUrl}${path}${query && `?${query}`}`;
  }

  private optionsOf({ signal, correlationId }: CallOptions, accept: string) {
    return { headers: { accept, ...this.headers, 'x-request-id': correlationId }, signal };
  }

  private async load(): Promise<Anthropic> {
    const { default: Api } = await import('@anthropic-ai/sdk');
    return new Api({
      // Without one the package would look for credentials in the environment and in files. The real one is a header.
      apiKey: 'unused',
      // Null, false and a level keep the package from reading these from the environment.
      webhookKey: null,
      openTelemetry: false,
      logLevel: 'off',
      baseURL: this.baseUrl,
      defaultQuery: this.settings.provider.query,
      maxRetries: 0,
      // The watch of each request decides; the package's own timer must never come first.
      timeout: LONGEST_WAIT_MS,
      fetchOptions: { redirect: 'manual' },
      fetch: this.ownFetch(),
    });
  }

  /** The package adds headers of its own and from the environment, and reads a refusal without a limit. */
  private ownFetch(): typeof globalThis.fetch {
    const { fetch } = this.settings;
    const names = new Set(['accept', 'x-request-id', ...Object.keys(this.headers)]);
    return async (input, init) => {
      const headers = [...new Headers(init?.headers)].filter(([name]) => names.has(name));
      const response = await fetch(input, { ...init, headers });
      if (response.ok) return response;
      const text = await readText(response, MAX_ERROR_BYTES).catch(() => '');
      // Some statuses may not have a body at all.
      return new Response(text === '' ? null : text, {
        // Servers may send what the standard does not know.
        status: Math.min(response.status, 599),
        headers: [...response.headers],
      });
    };
  }
}

/** Names in lower case. The key goes into one header and nowhere else. */
function headersOf({ provider, apiKey }: ClientSettings): Record<string, string> {
  const auth: readonly [string, string] =
    provider.auth === 'bearer' ? ['authorization', `Bearer ${apiKey}`] : [provider.auth, apiKey];
  const stated = Object.entries(provider.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    'content-type': 'application/json',
    'anthropic-version': VERSION,
    ...(Object.fromEntries(stated) as Record<string, string>),
    ...(apiKey !== '' && { [auth[0]]: auth[1] }),
  };
}
