import { describe, expect, it } from 'vitest';
import { requestedTimeoutMs, traceIdOf } from './call-meta.js';

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
