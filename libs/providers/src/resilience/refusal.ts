import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import type { CircuitView } from './circuit.js';

/** What a request gets that a circuit keeps off: the failure that opened it where asking again would not help. */
export function refusalOf(
  { provider, id: model }: Pick<ModelCard, 'provider' | 'id'>,
  { cause, retryInMs }: CircuitView,
  keyVariable: string,
  suggestions: readonly string[] = [],
): ExaiError {
  const details = {
    provider,
    model,
    ...(retryInMs !== undefined && { retryAfterMs: Math.ceil(retryInMs) }),
    ...(suggestions.length > 0 && { suggestions }),
  };
  if (cause === 'PROVIDER_AUTH') return new ExaiError(cause, { ...details, variable: keyVariable });
  return new ExaiError(cause === 'PROVIDER_QUOTA' ? cause : 'CIRCUIT_OPEN', details);
}
