import { type ErrorCode, type ErrorDetails, ExaiError, toExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderDescriptor } from '../define.js';
import { causesOf, type ErrorFacts, factsOf } from './error-facts.js';
import { type CompiledRule, compileRule, GENERIC_RULES, matchesRule } from './error-rules.js';
import { networkFaultOf } from './network-errors.js';
import { readRateLimit } from './rate-limit-headers.js';
import { parseRetryAfter, secondsToMs, untilStatedTime } from './retry-after.js';
import { createTextRedactor } from './vendor-text.js';

const REQUEST_ID_HEADERS = ['x-request-id', 'msh-request-id', 'request-id'];

interface Verdict {
  readonly code: ErrorCode;
  readonly stage?: string;
  readonly scope?: string;
}

/** Turns whatever a request to one provider throws into one of our errors, by table. */
export class ErrorClassifier {
  /** A vendor's text made safe to show: no key, nothing like a key, at most 500 characters. */
  readonly redact: (text: string) => string;
  private readonly rules: readonly CompiledRule[];
  private readonly retryAfterText: RegExp | undefined;

  constructor(
    private readonly provider: ProviderDescriptor,
    apiKey: string,
  ) {
    this.rules = [...provider.quirks.errors, ...GENERIC_RULES].map(compileRule);
    const { retryAfterText } = provider.quirks;
    this.retryAfterText = retryAfterText === undefined ? undefined : new RegExp(retryAfterText, 'i');
    this.redact = createTextRedactor(apiKey);
  }

  classify(raw: unknown, model?: ModelCard): ExaiError {
    if (raw instanceof ExaiError) return raw;
    const named = { provider: this.provider.id, ...(model && { model: model.id }) };
    const ours = causesOf(raw).find((cause) => cause instanceof ExaiError);
    if (ours) return new ExaiError(ours.code, { ...named, ...ours.details }, { cause: ours.cause });
    const facts = factsOf(raw);
    const verdict = this.verdictOn(raw, facts);
    if (!verdict) return toExaiError(raw);
    const { code, ...marks } = verdict;
    const reason = this.redact(facts.message);
    const retryAfterMs = this.retryAfterOf(facts, code);
    const upstreamRequestId = requestIdOf(facts.headers);
    const details: ErrorDetails = {
      ...named,
      ...(reason !== '' && { reason }),
      ...marks,
      ...(facts.status !== undefined && { upstreamStatus: facts.status }),
      ...(upstreamRequestId !== undefined && { upstreamRequestId: this.redact(upstreamRequestId) }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(code === 'PROVIDER_AUTH' && { variable: this.provider.keyVariable }),
      ...(code === 'CONTEXT_TOO_LARGE' && model && { limit: model.contextWindow }),
    };
    // The raw error holds the vendor's whole body, so only its cleaned text goes on.
    return new ExaiError(code, details, { cause: new Error(reason) });
  }

  private verdictOn(raw: unknown, facts: ErrorFacts): Verdict | undefined {
    const rule = facts.answered ? this.rules.find((candidate) => matchesRule(candidate, facts)) : undefined;
    if (rule) return { code: rule.becomes, ...(rule.scope === 'model' && { scope: rule.scope }) };
    if (facts.status !== undefined) {
      if (facts.status >= 500) return { code: 'PROVIDER_UNAVAILABLE' };
      return { code: facts.status >= 400 ? 'PROVIDER_REJECTED' : 'PROVIDER_BAD_RESPONSE' };
    }
    return networkFaultOf(raw) ?? (facts.answered ? { code: 'PROVIDER_BAD_RESPONSE' } : undefined);
  }

  /** What the vendor says outright, then what its text says, then when its limit is fresh again. */
  private retryAfterOf({ headers, message, status }: ErrorFacts, code: ErrorCode): number | undefined {
    const stated = parseRetryAfter(headers?.get('retry-after'));
    if (stated !== undefined) return stated;
    const seconds = this.retryAfterText?.exec(message)?.[1];
    if (seconds !== undefined) return secondsToMs(Number(seconds));
    if (code === 'PROVIDER_QUOTA') return untilStatedTime(message);
    return status === 429 && headers ? readRateLimit(headers)?.resetMs : undefined;
  }
}

export function requestIdOf(headers: Pick<Headers, 'get'> | undefined): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headers?.get(name);
    if (id) return id.slice(0, 200);
  }
  return undefined;
}
