import { ExaiError, toEnvelope } from '#libs/errors';
import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { failureOfResult, gatewayFailure } from './gateway-failure.js';

const CONTACT = { address: 'http://127.0.0.1:8079', hasToken: true };
const ids = { correlationId: 'trace' };

describe('gatewayFailure', () => {
  it('gives each kind of failure its exit code', () => {
    const notFound = toEnvelope(new ExaiError('TOOL_NOT_FOUND', { tool: 'x' }), ids);
    expect(gatewayFailure(new ProtocolError(-32602, 'no', notFound), CONTACT)).toMatchObject({
      message: notFound.message,
      parts: { exitCode: 1, hint: notFound.hint, correlationId: 'trace', code: 'TOOL_NOT_FOUND' },
    });
    const timeout = new SdkError(SdkErrorCode.RequestTimeout, 'timeout');
    expect(gatewayFailure(timeout, CONTACT).parts.exitCode).toBe(75);
    const closed = new SdkError(SdkErrorCode.ConnectionClosed, 'closed');
    expect(gatewayFailure(closed, CONTACT).parts.exitCode).toBe(69);
    expect(gatewayFailure(new ProtocolError(-1, 'odd'), CONTACT).parts.exitCode).toBe(1);
  });

  it('names the address and how to start it when nothing listens', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const failed = new TypeError('fetch failed', { cause: refused });
    const probe = new SdkError(
      SdkErrorCode.EraNegotiationFailed,
      'probe failed',
      { cause: failed },
      { cause: failed },
    );
    const failure = gatewayFailure(probe, CONTACT);
    expect(failure.message).toBe(
      'No EX-AI gateway can be reached at http://127.0.0.1:8079 (ECONNREFUSED): start it with `npm start` or `npx exai start`.',
    );
    expect(failure.parts.exitCode).toBe(69);
  });

  it('tells a wrong token from a missing one', () => {
    const data = toEnvelope(new ExaiError('UNAUTHENTICATED'), ids);
    const text = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -31001, message: 'no', data } });
    const error = new SdkHttpError(SdkErrorCode.ClientHttpAuthentication, '401', {
      status: 401,
      statusText: 'Unauthorized',
      text,
    });
    expect(gatewayFailure(error, CONTACT).parts).toMatchObject({
      exitCode: 77,
      hint: expect.stringContaining('does not fit') as string,
    });
    const without = gatewayFailure(error, { ...CONTACT, hasToken: false });
    expect(without.parts.hint).toContain('No token was found');
  });

  it('notices that something else listens', () => {
    const error = new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, '404', {
      status: 404,
      statusText: 'Not Found',
      text: '<html>',
    });
    expect(gatewayFailure(error, CONTACT)).toMatchObject({
      message: 'What listens at http://127.0.0.1:8079 answers with HTTP status 404 and is no EX-AI gateway.',
      parts: { exitCode: 69 },
    });
  });
});

describe('failureOfResult', () => {
  it('takes message, hint and exit code from the envelope', () => {
    const error = toEnvelope(new ExaiError('DEADLINE_EXCEEDED'), ids);
    const result = { content: [], isError: true, structuredContent: { status: 'error', error } };
    expect(failureOfResult(result)).toMatchObject({
      message: error.message,
      parts: { exitCode: 75, document: result.structuredContent },
    });
  });

  it('falls back to the text', () => {
    const failure = failureOfResult({ content: [{ type: 'text', text: 'broken' }], isError: true });
    expect(failure).toMatchObject({ message: 'broken', parts: { exitCode: 1 } });
  });
});
