import type { OutgoingHttpHeaders } from 'node:http';
import type { Allowance, LimitState } from './rate-limits.js';

const KIMI = /^(kimi|moonshot)/i;
const GLM = /^glm/i;

/** Kimi names one limit and a number of seconds, OpenAI several and a duration; GLM tells nothing. */
export function chatLimitHeaders(state: LimitState, model: string): OutgoingHttpHeaders {
  if (GLM.test(model)) return {};
  if (!KIMI.test(model)) return forEachKind(state, openaiHeaders);
  return {
    'x-ratelimit-limit': state.requests.limit,
    'x-ratelimit-remaining': state.requests.remaining,
    'x-ratelimit-reset': Math.ceil(state.resetMs / 1000),
  };
}

/** Anthropic names a moment. */
export function messagesLimitHeaders(state: LimitState): OutgoingHttpHeaders {
  return forEachKind(state, (kind, { limit, remaining }, resetMs) => ({
    [`anthropic-ratelimit-${kind}-limit`]: limit,
    [`anthropic-ratelimit-${kind}-remaining`]: remaining,
    [`anthropic-ratelimit-${kind}-reset`]: new Date(Date.now() + resetMs).toISOString(),
  }));
}

function openaiHeaders(kind: string, { limit, remaining }: Allowance, resetMs: number): OutgoingHttpHeaders {
  return {
    [`x-ratelimit-limit-${kind}`]: limit,
    [`x-ratelimit-remaining-${kind}`]: remaining,
    [`x-ratelimit-reset-${kind}`]: durationOf(resetMs),
  };
}

function forEachKind(
  { requests, tokens, resetMs }: LimitState,
  headersOf: (kind: string, allowance: Allowance, resetMs: number) => OutgoingHttpHeaders,
): OutgoingHttpHeaders {
  return {
    ...headersOf('requests', requests, resetMs),
    ...(tokens ? headersOf('tokens', tokens, resetMs) : {}),
  };
}

/** As in `850ms`, `1.5s` and `6m0s`. */
function durationOf(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  if (ms < 60_000) return `${ms / 1000}s`;
  return `${Math.floor(ms / 60_000)}m${Math.ceil((ms % 60_000) / 1000)}s`;
}
