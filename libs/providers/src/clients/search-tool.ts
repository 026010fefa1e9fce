import { ExaiError } from '#libs/errors';
import type { ProviderQuirks } from '../define.js';
import type { CompletionRequest } from '../model-client.js';

/** The entry of `tools` that switches the vendor's web search on. Throws MODEL_CAPABILITY where it cannot be had. */
export function searchTool(
  { model, webSearch }: CompletionRequest,
  { webSearch: search }: ProviderQuirks,
): Readonly<Record<string, unknown>> | undefined {
  if (!webSearch) return undefined;
  const details = { provider: model.provider, model: model.id };
  if (search?.needsThinkingOff && model.reasoning.alwaysOn) {
    const reason = `${model.id} always thinks, and ${model.provider} searches the web only without thinking`;
    throw new ExaiError('MODEL_CAPABILITY', { ...details, reason });
  }
  if (!search || !model.webSearch) {
    throw new ExaiError('MODEL_CAPABILITY', { ...details, reason: `${model.id} has no web search` });
  }
  return search.tool;
}
