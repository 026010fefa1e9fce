import type { ErrorRule } from '../define.js';
import type { ErrorFacts } from './error-facts.js';

/** Tried after the vendor's own table: what the dialect's original says, then plain HTTP. */
export const GENERIC_RULES: readonly ErrorRule[] = [
  { code: 'context_length_exceeded', becomes: 'CONTEXT_TOO_LARGE' },
  { status: 400, message: 'maximum context length|context window', becomes: 'CONTEXT_TOO_LARGE' },
  // A request too large for the account's tokens per minute: the same request would be refused again.
  { status: 429, type: 'tokens', becomes: 'CONTEXT_TOO_LARGE' },
  { code: 'content_filter', becomes: 'CONTENT_FILTERED' },
  { code: 'model_not_found', becomes: 'MODEL_NOT_FOUND' },
  { code: 'insufficient_quota', becomes: 'PROVIDER_QUOTA' },
  { type: 'insufficient_quota', becomes: 'PROVIDER_QUOTA' },
  { status: 400, becomes: 'PROVIDER_REJECTED' },
  { status: 401, becomes: 'PROVIDER_AUTH' },
  { status: 402, becomes: 'PROVIDER_QUOTA' },
  { status: 403, becomes: 'PROVIDER_AUTH' },
  { status: 404, becomes: 'MODEL_NOT_FOUND' },
  { status: 408, becomes: 'PROVIDER_TIMEOUT' },
  { status: 409, becomes: 'PROVIDER_UNAVAILABLE' },
  { status: 413, becomes: 'CONTEXT_TOO_LARGE' },
  { status: 429, becomes: 'PROVIDER_RATE_LIMITED' },
];

export type CompiledRule = Omit<ErrorRule, 'message'> & { readonly message?: RegExp };

export function compileRule({ message, ...rule }: ErrorRule): CompiledRule {
  return { ...rule, ...(message !== undefined && { message: new RegExp(message, 'i') }) };
}

/** An error inside a stream has no status of its own, so only its other marks count. */
export function matchesRule(rule: CompiledRule, facts: ErrorFacts): boolean {
  if (facts.status === undefined && !rule.type && !rule.code && !rule.message) return false;
  return (
    (rule.status === undefined || facts.status === undefined || rule.status === facts.status) &&
    (rule.type === undefined || rule.type === facts.type) &&
    (rule.code === undefined || rule.code === facts.code) &&
    (rule.message === undefined || rule.message.test(facts.message))
  );
}
