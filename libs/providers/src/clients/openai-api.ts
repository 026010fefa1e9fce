import type OpenAI from 'openai';
import type { ClientSettings } from '../define.js';
import { readText } from './response-body.js';
import { LONGEST_WAIT_MS } from './retry-after.js';

const MAX_ERROR_BYTES = 64 * 1024;

/** One HTTP request, beside its address. */
export interface ApiRequest {
  readonly method: 'get' | 'post' | 'delete';
  /** From the base URL on, with the slash. */
  readonly path: string;
  /** Sent as JSON, bytes as they are. */
  readonly body?: object;
  /** Beside those every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** The HTTP side of the dialect: one call is one request, to the provider's own host and with its own headers. */
export class OpenAiApi {
  private readonly headers: Readonly<Record<string, string>>;
  private client: Promise<OpenAI> | undefined;

  constructor(private readonly settings: ClientSettings) {
    this.headers = headersOf(settings);
  }

  /** Loaded by the worker when it starts: a process that never asks a model starts faster without it. */
  async prepare(): Promise<void> {
    await (this.client ??= this.load());
  }

  /** Rejects for a status that is not 2xx, with what the vendor said about it. */
  async send({ method, path, body, headers, signal }: ApiRequest): Promise<Response> {
    const client = await (this.client ??= this.load());
    // The package has headers of its own, and from the environment even one that replaces the key. These are put in
    // place of them all, so that nothing goes out but what stands here.
    const fetchOptions = {
      headers: { ...this.headers, ...(body && { 'content-type': 'application/json' }), ...headers },
    } as object;
    return client[method](path, { ...(body && { body }), signal, fetchOptions }).asResponse();
  }

  urlOf(path: string): string {
    const query = new URLSearchParams(this.settings.provider.query).toString();
    return `${this.settings.baseUrl.replace(/\/$/, '')}${path}${query && `?${query}`}`;
  }

  private async load(): Promise<OpenAI> {
    const { default: Api } = await import('openai');
    return new Api({
      // The package refuses to start without one. The real one is a header of ours.
      apiKey: 'unused',
      baseURL: this.settings.baseUrl,
      defaultQuery: this.settings.provider.query,
      // Null and a level keep the package from reading these from the environment.
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      logLevel: 'off',
      maxRetries: 0,
      // The watch of each request decides; the package's own timer must never come first.
      timeout: LONGEST_WAIT_MS,
      fetch: this.ownFetch(),
    });
  }

  /** The package reads the body of a refused request without a limit, so it is given a short one. */
  private ownFetch(): typeof globalThis.fetch {
    const { fetch } = this.settings;
    return async (input, init) => {
      const response = await fetch(input, init);
      if (response.ok) return response;
      const text = await readText(response, MAX_ERROR_BYTES).catch(() => '');
      return new Response(withErrorField(text), {
        // Servers may send what the standard does not know.
        status: Math.min(response.status, 599),
        headers: [...response.headers],
      });
    };
  }
}

/** Names in lower case. The key goes into one header and nowhere else. */
function headersOf({ provider, apiKey }: ClientSettings): Record<string, string> {
  const stated = Object.entries(provider.headers).map(([name, value]) => [name.toLowerCase(), value]);
  const key =
    provider.auth === 'bearer' ? { authorization: `Bearer ${apiKey}` } : { [provider.auth]: apiKey };
  return {
    accept: 'application/json, text/event-stream',
    'user-agent': 'exai',
    ...(Object.fromEntries(stated) as Record<string, string>),
    ...(apiKey !== '' && key),
  };
}

/** The package reads the field `error` alone; some servers send its content bare, others a list of one. */
function withErrorField(text: string): string | null {
  // Some statuses may not have a body at all.
  if (text === '') return null;
  try {
    const parsed: unknown = JSON.parse(text);
    const body: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    if (body === null || typeof body !== 'object') return text;
    return JSON.stringify('error' in body ? body : { error: body });
  } catch {
    return text;
  }
}
