import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, redactAlso } from './redact.js';

describe('redaction', () => {
  const secret = 'canary-secret/value+42';
  const redact = createRedactor([secret]);

  it('hides a loaded secret in any text, plain or encoded', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
          expect(JSON.stringify(redact({ note: `${before} ${form} ${after}` }))).not.toContain(form);
        }
      }),
    );
  });

  it('hides values by property name at any depth', () => {
    expect(redact({ req: { headers: { authorization: 'x', accept: 'y' } } })).toEqual({
      req: { headers: { authorization: '[redacted]', accept: 'y' } },
    });
  });

  it('hides tokens, keys and URL passwords by pattern, also inside error text and causes', () => {
    const error = new Error('connect postgres://exai:hunter22@db/exai failed', {
      cause: new Error('Bearer abcdefghijkl refused, key sk-abcdefgh1234'),
    });
    const text = JSON.stringify(redact(error));
    for (const leak of ['hunter22', 'abcdefghijkl', 'sk-abcdefgh1234']) expect(text).not.toContain(leak);
    expect(text).toContain('db/exai');
  });

  it('hides one-time tickets, as subprotocol and in an address, and keeps what stands beside them', () => {
    const ticket = 'etYik0wj3GN35k20JoLZbqJ1XhFTyH5WNEZIF3m55rE';
    for (const text of [`GET /ws?a=1&ticket=${ticket}&b=2 HTTP/1.1`, `mcp, mcp.ticket.${ticket}, other`]) {
      expect(redact(text)).not.toContain(ticket);
    }
    expect(redact(`/ws?ticket=${ticket}&b=2`)).toBe('/ws?ticket=[redacted]&b=2');
    expect(redact({ ticket })).toEqual({ ticket: '[redacted]' });
  });

  it('survives cycles', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(JSON.stringify(redact(value))).toContain('[deep]');
  });
});

describe('secrets that become known later', () => {
  it('are hidden by redactors that exist already, in every form', () => {
    const early = createRedactor([]);
    expect(early('the late-secret-0123 came')).toBe('the late-secret-0123 came');
    redactAlso(['late-secret-0123']);
    expect(early('the late-secret-0123 came')).toBe('the [redacted] came');
    expect(early(Buffer.from('late-secret-0123').toString('base64'))).toBe('[redacted]');
  });
});
