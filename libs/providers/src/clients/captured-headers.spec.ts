import { expect, it } from 'vitest';
import { capturedHeaders } from './captured-headers.js';
import { createTextRedactor } from './vendor-text.js';

const KEY = 'sk-key-of-this-test-0123456789';
const redact = createTextRedactor(KEY);

it('shows limits, ids, caches and the date', () => {
  const shown = {
    date: 'Sun, 22 Nov 2026 10:00:00 GMT',
    'retry-after': '3',
    'x-request-id': 'r-1',
    'msh-request-id': 'm-1',
    'x-msh-trace-id': 't-1',
    'msh-context-cache-token-saved': '128',
    'x-ratelimit-limit': '100',
    'x-ratelimit-remaining-tokens': '5',
    'anthropic-ratelimit-input-tokens-reset': '2026-06-01T00:01:00Z',
  };
  expect(capturedHeaders(new Headers(shown), redact)).toEqual(shown);
});

it.each([
  'set-cookie',
  'authorization',
  'www-authenticate',
  'x-api-key',
  'content-type',
  'server',
  'x-msh-auth',
  'msh-session-id',
  'msh-context-cache-token',
  'x-forwarded-for',
])('does not show %s', (name) => {
  expect(capturedHeaders(new Headers({ [name]: 'value' }), redact)).toEqual({});
});

it('takes a key out of what it shows, and shortens it', () => {
  const headers = new Headers({ 'x-msh-note': `used ${KEY}`, 'x-msh-long': 'word '.repeat(200) });
  const shown = capturedHeaders(headers, redact);
  expect(shown['x-msh-note']).not.toContain(KEY);
  expect(shown['x-msh-long']?.length).toBeLessThanOrEqual(500);
});

it('shows at most fifty', () => {
  const headers = new Headers(
    Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`x-msh-${index}`, 'x'])),
  );
  expect(Object.keys(capturedHeaders(headers, redact))).toHaveLength(50);
});
