import { describe, expect, it } from 'vitest';
import { answerLimit } from './answer-limit.js';

const limit = (name: string, meta: Record<string, unknown> = {}, knowsTasks = false) =>
  answerLimit(meta, { info: { name, version: '1' }, knowsTasks });
const TOKEN = { progressToken: 1 };

describe('the limit of a client', () => {
  it.each([
    ['somebody', {}, 50_000],
    ['somebody', TOKEN, undefined],
    ['claude-code', {}, undefined],
    ['claude-ai', {}, 50_000],
    ['claude-ai (via mcp-remote 0.15.1)', TOKEN, 50_000],
    ['codex-mcp-client', TOKEN, 50_000],
    ['Cline', TOKEN, 50_000],
    ['gemini-cli-mcp-client', {}, 590_000],
    ['gemini-cli-mcp-client', TOKEN, undefined],
    ['opencode', {}, 25_000],
    ['exai-cli', {}, undefined],
  ])('of %s with %o leaves room for the answer', (name, meta, afterMs) => {
    expect(limit(name, meta)?.afterMs).toBe(afterMs);
  });

  it('is what it says itself, also with a progress token', () => {
    const meta = { ...TOKEN, 'io.exai/answerWithinMs': 12_000 };
    expect(limit('claude-code', meta)).toEqual({ afterMs: 10_000, waitSeconds: 10 });
    expect(limit('claude-ai', { 'io.exai/answerWithinMs': 300_000 })?.afterMs).toBe(290_000);
  });

  it('does not matter with tasks', () => {
    expect(limit('claude-ai', { 'io.exai/answerWithinMs': 12_000 }, true)).toBeUndefined();
  });

  it('counts from when the client began to wait, with a moment left to find an answer that stands', () => {
    expect(limit('somebody', { 'io.exai/waitedMs': 20_000 })).toEqual({ afterMs: 30_000, waitSeconds: 50 });
    expect(limit('somebody', { 'io.exai/waitedMs': 70_000 })?.afterMs).toBe(1_000);
  });

  it.each(['io.exai/answerWithinMs', 'io.exai/waitedMs'])('is refused when %s is no time', (key) => {
    for (const value of [0, -1, '5', NaN, null]) {
      expect(() => limit('somebody', { [key]: value })).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMS' }),
      );
    }
  });
});
