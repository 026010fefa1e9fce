import { challengeFor } from '#libs/auth';
import { ExaiError, toEnvelope, toExaiError, toProblem, type ErrorCode } from '#libs/errors';
import { type ErrorReporter } from '#libs/observability';
import { HttpException } from '@nestjs/common';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { v7 as uuidv7 } from 'uuid';

/** Answers a request that failed: JSON-RPC on `/mcp`, `application/problem+json` elsewhere. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  reporter: ErrorReporter,
): void {
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
  reporter.report(toEnvelope(error, ids));
  if (response.headersSent) {
    response.end();
    return;
  }
  response.setHeader('X-Correlation-Id', ids.correlationId);
  if (error.entry.http === 401) {
    response.setHeader('WWW-Authenticate', challengeFor(request.headers.authorization));
  }
  if (pathOf(request) === '/mcp') {
    send(response, error.entry.http, 'application/json', jsonRpcError(error, ids));
  } else {
    send(response, error.entry.http, 'application/problem+json', toProblem(error, ids));
  }
}

/** The path as sent, without the query. */
export function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
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
