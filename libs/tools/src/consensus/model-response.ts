import { type ToolOutcome } from '../tool.js';
import { type ModelResponse, type Panelist } from './consensus.js';

/** What became of a member call, as the caller and the recorded state have it. */
export function toResponse({ provider, model, stance }: Panelist, outcome: ToolOutcome): ModelResponse {
  if (!outcome.ok) {
    const { code, message, hint } = outcome.error;
    const error = { code, message, hint };
    return { model, stance, status: 'error', error, metadata: { provider_used: provider } };
  }
  const { content = '', metadata } = outcome.payload;
  const { provider_used = provider, duration_ms, usage, cost_usd, truncated, warnings } = metadata;
  return {
    model,
    stance,
    status: 'success',
    verdict: content,
    metadata: {
      provider_used,
      duration_ms,
      ...(usage && { usage }),
      ...(cost_usd !== undefined && { cost_usd }),
      ...(truncated && { truncated }),
      ...(warnings && { warnings }),
    },
  };
}
