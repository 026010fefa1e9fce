import { AuthService } from '#libs/auth';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { McpHttpEndpoint } from '#libs/mcp';
import { ErrorReporter } from '#libs/observability';
import { Inject, Injectable } from '@nestjs/common';
import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerError, pathOf } from '../http-errors.js';
import { enterWithToken } from '../request-gate.js';

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/**
 * `/mcp`, served in front of the web framework: its router, guards and body parser cost more than a quarter of
 * what a call costs here. Everything else goes on to Nest.
 */
@Injectable()
export class McpHttpRoute {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly endpoint: McpHttpEndpoint,
    private readonly errors: ErrorReporter,
  ) {}

  /** Takes the place of the listeners that `server` has; they get what is not ours. */
  mount(server: Server): void {
    const others = server.listeners('request') as ((
      request: IncomingMessage,
      response: ServerResponse,
    ) => void)[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (pathOf(request) !== '/mcp') {
        for (const other of others) other(request, response);
        return;
      }
      this.serve(request, response).catch((error: unknown) =>
        answerError(request, response, error, this.errors),
      );
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const principal = enterWithToken(request, response, this.config, this.auth);
    const body = await readJson(request, this.config.limits.maxBodyBytes);
    await this.endpoint.handle(request, response, body, principal);
  }
}

/**
 * The parsed body; undefined where there is none and where it is no JSON, which the endpoint refuses by itself.
 * @throws ExaiError PAYLOAD_TOO_LARGE, PARSE_ERROR, INVALID_REQUEST
 */
async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (request.method !== 'POST' || !JSON_TYPE.test(request.headers['content-type'] ?? '')) return undefined;
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new ExaiError('INVALID_REQUEST', { reason: 'Send the body without Content-Encoding.' });
  }
  const text = await readText(request, maxBytes);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ExaiError('PARSE_ERROR', {}, { cause: error });
  }
}

function readText(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = () => new ExaiError('PAYLOAD_TOO_LARGE', { limit: `${maxBytes / 1_048_576} MiB` });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        // Node reads and drops the rest once the answer is out.
        request.removeAllListeners('data').pause();
        reject(tooLarge());
      } else {
        chunks.push(chunk);
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    request.once('error', reject);
    request.once('aborted', () =>
      reject(new ExaiError('INVALID_REQUEST', { reason: 'The body broke off.' })),
    );
  });
}
