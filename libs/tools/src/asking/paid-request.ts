import { ExaiError, isErrorCode, type ErrorCode } from '#libs/errors';
import { type Completion, costOf, estimateCost, type ModelCard } from '#libs/providers';
import { type CostEstimate, type Settlement, type Spending } from './spending.js';

/** After these the vendor has read the prompt, and may charge for it although nobody got an answer. */
const MAY_BE_CHARGED: ReadonlySet<ErrorCode> = new Set([
  'PROVIDER_TIMEOUT',
  'PROVIDER_BAD_RESPONSE',
  'OUTPUT_TOO_LARGE',
]);

export interface PaidRequest {
  readonly card: ModelCard;
  /** Estimated. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  /** USD this one call may cost; Infinity = no limit. */
  readonly limitUsd: number;
  readonly signal: AbortSignal;
  readonly spending: Spending;
  /** Must await `admit` before anything leaves the process. */
  readonly send: (admit?: () => Promise<void>) => Promise<Completion>;
}

/**
 * Sends a request whose cost is reserved right before it leaves, and settles it by what became of it.
 * @throws ExaiError QUOTA_EXCEEDED before anything is sent, also when the call may pass its own limit
 */
export async function askPaid(request: PaidRequest): Promise<Completion> {
  const { card, inputTokens, maxOutputTokens, limitUsd, signal, spending, send } = request;
  const usd = estimateCost(card, inputTokens, maxOutputTokens);
  // Free, or of unknown price: there is nothing to account for.
  if (usd === undefined || usd === 0) return send();
  if (usd > limitUsd) throw tooDear(card, usd, limitUsd);
  return payFor({
    estimate: { usd, inputUsd: estimateCost(card, inputTokens, 0) ?? 0 },
    signal,
    spending,
    send,
    priceOf: ({ usage }) => costOf(card, usage) ?? 0,
  });
}

export interface Purchase<T> {
  readonly estimate: CostEstimate;
  readonly signal: AbortSignal;
  readonly spending: Spending;
  /** Must await `admit` before anything leaves the process. */
  readonly send: (admit: () => Promise<void>) => Promise<T>;
  /** US dollars. */
  readonly priceOf: (answer: T) => number;
}

/** @throws ExaiError QUOTA_EXCEEDED before anything is sent */
export async function payFor<T>({ estimate, signal, spending, send, priceOf }: Purchase<T>): Promise<T> {
  let settlement: Settlement | undefined;
  // Not earlier: calls that find the provider full must hold nothing that others could spend.
  const admit = async (): Promise<void> => {
    settlement = await spending.reserve(estimate);
  };
  try {
    const answer = await send(admit);
    settlement?.settle(priceOf(answer));
    return answer;
  } catch (error) {
    settlement?.settle(signal.aborted || mayBeCharged(error) ? estimate.inputUsd : 0);
    throw error;
  }
}

/** The router knows neither the history nor, for a model that was named, the prompt; here both are known. */
function tooDear({ provider, id: model }: ModelCard, usd: number, limitUsd: number): ExaiError {
  const reason = `${model} may cost $${usd.toFixed(4)} for this call, and the limit of one call is $${limitUsd}`;
  return new ExaiError('QUOTA_EXCEEDED', { provider, model, reason });
}

function mayBeCharged(error: unknown): boolean {
  const { code, details } = error as { code?: unknown; details?: { stage?: unknown } };
  return isErrorCode(code) && MAY_BE_CHARGED.has(code) && details?.stage !== 'connect';
}
