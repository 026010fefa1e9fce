import { challengeFor } from '#libs/auth';
import { ExaiError, toEnvelope, toExaiError, toProblem, type ErrorCode } from '#libs/errors';
import { ErrorReporter } from '#libs/observability';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { v7 as uuidv7 } from 'uuid';

/** Every error of an HTTP route: JSON-RPC on `/mcp`, `application/problem+json` elsewhere. */
@Catch()
export class HttpExceptionFilter implements ExceptionFilter {
  constructor(private readonly errors: ErrorReporter) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    const response = http.getResponse<ServerResponse>();
    if (isHealthReport(thrown)) {
      // A failed health check is its report, in Terminus' own form.
      send(response, thrown.getStatus(), 'application/json', thrown.getResponse());
      return;
    }
    const error = toExaiError(fromHttp(thrown));
    if (error.code === 'NOT_FOUND' && request.url?.startsWith('/.well-known/')) {
      // Clients look for OAuth here; any body would make some of them start a registration.
      response.writeHead(404).end();
      return;
    }
    const ids = { correlationId: uuidv7() };
    this.errors.report(toEnvelope(error, ids));
    if (response.headersSent) {
      response.end();
      return;
    }
    response.setHeader('X-Correlation-Id', ids.correlationId);
    if (error.entry.http === 401) {
      response.setHeader('WWW-Authenticate', challengeFor(request.headers.authorization));
    }
    const isMcp = request.url?.split('?')[0] === '/mcp';
    if (isMcp) send(response, error.entry.http, 'application/json', jsonRpcError(error, ids));
    else send(response, error.entry.http, 'application/problem+json', toProblem(error, ids));
  }
}

function jsonRpcError(error: ExaiError, ids: { correlationId: string }): unknown {
  const { jsonrpc } = error.entry;
  return {
    jsonrpc: '2.0',
    id: null,
    error: {
      code: typeof jsonrpc === 'number' ? jsonrpc : -32603,
      message: error.message,
      data: toEnvelope(error, ids),
    },
  };
}

function send(response: ServerResponse, status: number, type: string, body: unknown): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_REQUEST',
  404: 'NOT_FOUND',
  405: 'INVALID_REQUEST',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'INVALID_REQUEST',
};

/** Nest's and the body parser's own errors, as ours. */
function fromHttp(thrown: unknown): unknown {
  if (thrown instanceof ExaiError) return thrown;
  // Nest wraps the body parser's error in an exception of its own.
  const origin: unknown = thrown instanceof HttpException ? (thrown.cause ?? thrown) : thrown;
  const { status, type } = origin as { status?: unknown; type?: unknown };
  if (type === 'entity.parse.failed') return new ExaiError('PARSE_ERROR');
  const number = thrown instanceof HttpException ? thrown.getStatus() : status;
  const code = typeof number === 'number' ? CODE_OF_STATUS[number] : undefined;
  return code ? new ExaiError(code, {}, { cause: thrown }) : thrown;
}

function isHealthReport(thrown: unknown): thrown is HttpException {
  if (!(thrown instanceof HttpException)) return false;
  const body = thrown.getResponse();
  return thrown.getStatus() === 503 && typeof body === 'object' && 'status' in body;
}
