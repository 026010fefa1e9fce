import { createHmac, randomUUID } from 'node:crypto';
import { loadConfig } from '#libs/config';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AccessTokens, LEEWAY_SECONDS, type TokenRequest } from './access-tokens.js';

const SECRET = 'a-secret-for-this-test-only-0123456789';
const config = loadConfig({ JWT_SECRET_KEY: SECRET });
const tokens = new AccessTokens(config);
const request: TokenRequest = { subject: 'ci', scopes: ['tools:call'], expiresIn: 60 };

/** Signed with the right secret, so that only its claims are in question. */
function tokenWith(extra: Record<string, unknown>): string {
  const now = Math.floor(Date.now() / 1_000);
  const { issuer, audience } = config.auth;
  const claims = {
    sub: 'ci',
    jti: randomUUID(),
    iss: issuer,
    aud: audience,
    iat: now,
    exp: now + 60,
    ...extra,
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

describe('limits of a token', () => {
  it('are absent when nothing limits it', () => {
    const principal = tokens.verify(tokens.issue(request));
    expect(principal).not.toHaveProperty('models');
    expect(principal).not.toHaveProperty('maxCostUsd');
  });

  it('come back as they were issued', () => {
    const limits = { models: ['kimi-k2.6', 'glm'], maxCostUsd: 0.05 };
    expect(tokens.verify(tokens.issue({ ...request, ...limits }))).toMatchObject(limits);
    expect(tokens.verify(tokens.issue({ ...request, maxCostUsd: 0 })).maxCostUsd).toBe(0);
  });

  it('are read from a list and from a text with commas', () => {
    expect(tokens.verify(tokenWith({ models: ['kimi', 'glm'] })).models).toEqual(['kimi', 'glm']);
    expect(tokens.verify(tokenWith({ models: 'kimi, glm' })).models).toEqual(['kimi', 'glm']);
    expect(tokens.verify(tokenWith({ max_cost_usd: 1.5 })).maxCostUsd).toBe(1.5);
  });

  it.each([
    { models: [] },
    { models: '' },
    { models: 'kimi,,glm' },
    { models: [''] },
    { models: [1] },
    { models: null },
    { models: { kimi: true } },
    { max_cost_usd: -1 },
    { max_cost_usd: '0.05' },
    { max_cost_usd: null },
  ])('that are malformed make the token worthless: %j', (extra) => {
    expect(() => tokens.verify(tokenWith(extra))).toThrowError(
      expect.objectContaining({ code: 'UNAUTHENTICATED' }) as Error,
    );
  });

  it.each([{ models: [] }, { maxCostUsd: -1 }, { maxCostUsd: NaN }])('are not issued as %j', (limits) => {
    expect(() => tokens.issue({ ...request, ...limits })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    );
  });
});

describe('a token that was checked before', () => {
  afterEach(() => vi.useRealTimers());

  it('is not checked again while it is valid', () => {
    const token = tokens.issue(request);
    expect(tokens.verify(token)).toBe(tokens.verify(token));
  });

  it('is refused as soon as it is over, by the same clock as a new one', () => {
    const token = tokens.issue(request);
    const { expiresAt } = tokens.verify(token);
    vi.useFakeTimers({ toFake: ['Date'], now: (expiresAt + LEEWAY_SECONDS) * 1_000 - 1 });
    expect(tokens.verify(token).subject).toBe('ci');
    expect(new AccessTokens(config).verify(token).subject).toBe('ci');
    vi.setSystemTime((expiresAt + LEEWAY_SECONDS) * 1_000);
    for (const verifier of [tokens, new AccessTokens(config)]) {
      expect(() => verifier.verify(token)).toThrowError(expect.objectContaining({ code: 'TOKEN_EXPIRED' }));
    }
  });

  it('does not vouch for one that differs in its signature only', () => {
    const token = tokens.issue(request);
    tokens.verify(token);
    const forged = token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA');
    expect(() => tokens.verify(forged)).toThrowError(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });

  it('is forgotten when a thousand others came after it', () => {
    const verifier = new AccessTokens(config);
    const token = tokens.issue(request);
    const first = verifier.verify(token);
    for (let other = 0; other < 1_000; other += 1) verifier.verify(tokens.issue(request));
    expect(verifier.verify(token)).not.toBe(first);
    expect(verifier.verify(token)).toEqual(first);
  });
});
