import { ExaiError } from '#libs/errors';
import { type ModelCard } from '#libs/providers';
import { type ThinkingMode } from '../define.js';
import { tellPhase } from '../asking/model-question.js';
import { type AttemptContext } from '../tool.js';

const HEARTBEAT_MS = 5_000;
const BASE_TIMEOUT_MS = 180_000;
/** Kept back for storing the answer before the deadline of the call. */
const RESERVE_MS = 5_000;
const MIN_TIMEOUT_MS = 1_000;

const THINKING_TIME: Readonly<Record<ThinkingMode, number>> = {
  minimal: 0.5,
  low: 0.7,
  medium: 1,
  high: 1.5,
  max: 2,
};

/** How long the model may think: by its speed and by how hard it is to think, and never past the deadline. */
export function timeLimit(card: ModelCard, thinkingMode: ThinkingMode | undefined, deadline: number): number {
  const own = BASE_TIMEOUT_MS * card.timeoutMultiplier * THINKING_TIME[thinkingMode ?? 'medium'];
  return Math.max(MIN_TIMEOUT_MS, Math.min(own, deadline - Date.now() - RESERVE_MS));
}

/** Lets the model think for so long, and tells every few seconds that it still does. */
export async function withinLimit<T>(
  context: AttemptContext,
  { id: model, provider }: ModelCard,
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const late = new ExaiError('PROVIDER_TIMEOUT', { provider, model, stage: 'expert analysis' });
  const timer = setTimeout(() => limit.abort(late), limitMs);
  const began = Date.now();
  const heartbeat = setInterval(
    () => tellPhase(context, `${model} thinking, ${Math.round((Date.now() - began) / 1_000)} s`),
    HEARTBEAT_MS,
  );
  try {
    return await ask(AbortSignal.any([context.signal, limit.signal]));
  } catch (error) {
    if (limit.signal.aborted && !context.signal.aborted) throw late;
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(heartbeat);
  }
}
