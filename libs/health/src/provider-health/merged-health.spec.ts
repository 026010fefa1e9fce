import { describe, expect, it } from 'vitest';
import { mergeHealth, type StoredHealth } from './merged-health.js';

function report(more: Partial<StoredHealth> = {}): StoredHealth {
  return { provider: 'kimi', state: 'closed', inFlight: 1, maxInflight: 4, models: [], ...more };
}

describe('health of a provider as several workers see it', () => {
  it('is the worst that any of them sees, with its cause', () => {
    const refused = [{ model: 'kimi-k3', state: 'open' as const, cause: 'PROVIDER_AUTH' }];
    const [merged] = mergeHealth([
      report({ lastError: 'A broken answer.' }),
      report({ state: 'open', lastError: 'The key is refused.', models: refused }),
      report({ state: 'half_open', retryAt: '2026-01-01T00:00:10.000Z' }),
    ]);
    expect(merged).toMatchObject({
      state: 'open',
      cause: 'PROVIDER_AUTH',
      lastError: 'The key is refused.',
      retryAt: new Date('2026-01-01T00:00:10.000Z'),
      inFlight: 3,
      maxInflight: 12,
    });
  });

  it('weighs success by requests, and counts workers without a count alike', () => {
    expect(mergeHealth([report({ successRate: 1 }), report({ successRate: 0.5 })])[0]?.successRate).toBe(
      0.75,
    );
    const counted = [report({ successRate: 1, requests: 90 }), report({ successRate: 0, requests: 10 })];
    expect(mergeHealth(counted)[0]?.successRate).toBe(0.9);
    expect(mergeHealth([report()])[0]).not.toHaveProperty('successRate');
  });

  it('shows the slowest worker and each model once', () => {
    const models = [{ model: 'kimi-k3', state: 'half_open' as const }];
    const open = [{ model: 'kimi-k3', state: 'open' as const, cause: 'PROVIDER_TIMEOUT' }];
    const [merged] = mergeHealth([report({ p95Ms: 100, models }), report({ p95Ms: 900, models: open })]);
    expect(merged).toMatchObject({ p95Ms: 900, models: open });
  });

  it('keeps providers apart', () => {
    const merged = mergeHealth([report(), report({ provider: 'glm', state: 'open' })]);
    expect(merged.map(({ provider, state }) => [provider, state])).toEqual([
      ['kimi', 'closed'],
      ['glm', 'open'],
    ]);
  });
});
