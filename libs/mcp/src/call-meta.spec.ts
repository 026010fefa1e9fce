import { describe, expect, it } from 'vitest';
import { clientFilesOf, idempotencyKeyOf, requestedTimeoutMs, traceIdOf } from './call-meta.js';

describe('traceIdOf', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  it('takes the trace id of a valid header', () => {
    expect(traceIdOf(`00-${trace}-00f067aa0ba902b7-01`)).toBe(trace);
  });
  it.each([
    undefined,
    7,
    '',
    trace,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-00f067aa0ba902b7-01`,
  ])('refuses %s', (value) => {
    expect(traceIdOf(value)).toBeUndefined();
  });
});

describe('requestedTimeoutMs', () => {
  it('is undefined when not given', () => expect(requestedTimeoutMs({})).toBeUndefined());
  it('takes a positive number', () => expect(requestedTimeoutMs({ 'io.exai/timeoutMs': 5 })).toBe(5));
  it.each([0, -1, '5', NaN, null])('refuses %s', (value) => {
    expect(() => requestedTimeoutMs({ 'io.exai/timeoutMs': value })).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMS' }),
    );
  });
});

describe('idempotencyKeyOf', () => {
  const of = (value: unknown) => idempotencyKeyOf({ 'io.exai/idempotencyKey': value });

  it('is undefined when not given', () => expect(idempotencyKeyOf({})).toBeUndefined());
  it.each(['k', 'order 7/~', 'x'.repeat(128)])('takes %j', (key) => expect(of(key)).toBe(key));
  it.each(['', 'x'.repeat(129), 'schlüssel', 'a\nb', '\x7f', 7, null])('refuses %j', (value) => {
    expect(() => of(value)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMS' }));
  });

  it('may come in a header, which says the same where both are there', () => {
    expect(idempotencyKeyOf(undefined, 'k')).toBe('k');
    expect(idempotencyKeyOf({}, null)).toBeUndefined();
    expect(idempotencyKeyOf({ 'io.exai/idempotencyKey': 'k' }, 'k')).toBe('k');
    for (const header of ['other', '', 'x'.repeat(129)]) {
      expect(() => idempotencyKeyOf({ 'io.exai/idempotencyKey': 'k' }, header)).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMS' }),
      );
    }
  });
});

describe('clientFilesOf', () => {
  const of = (value: unknown) => clientFilesOf({ 'io.exai/files': value });

  it('is undefined when the caller sends no files', () => {
    expect(clientFilesOf(undefined)).toBeUndefined();
    expect(clientFilesOf({})).toBeUndefined();
  });

  it('fills in what was left out', () => {
    expect(of({ readBy: 'client' })).toEqual({ readBy: 'client', files: [], skipped: [] });
  });

  it('names the place that is wrong and what belongs there, never the content', () => {
    const files = [
      { path: '/a', content: 'fine' },
      { path: 'b', content: 'a secret' },
    ];
    expect(() => of({ readBy: 'client', files })).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMS',
        message: expect.stringContaining('/files/1/path should be an absolute path') as string,
      }),
    );
    expect(() => of({ readBy: 'client', files })).not.toThrow(/secret/);
  });

  it.each([null, 'files', [], { readBy: 'gateway' }, { readBy: 'client', files: [{ path: '/a' }] }])(
    'refuses %j',
    (value) => {
      expect(() => of(value)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMS' }));
    },
  );
});
