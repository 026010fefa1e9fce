import type { RemoteModel } from '../model-client.js';
import type { ModelList } from './model-list.js';

/** Names of models that answer no questions: they embed, listen, speak, draw, sort or judge. */
const NOT_FOR_CHAT =
  /embed|whisper|tts|audio|speech|voice|transcri|realtime|live|dall-e|image|imagen|veo|video|sora|lyria|rerank|moderation|guard|ocr|davinci|babbage|aqa/i;

/** Adds what a vendor lists and nobody described, with the least that any model can do. */
export function addDiscovered(
  models: ModelList,
  discovered: ReadonlyMap<string, readonly RemoteModel[]>,
): void {
  for (const [provider, listed] of discovered) {
    for (const remote of listed) {
      const name = wireName(remote.id);
      if (NOT_FOR_CHAT.test(name) || models.find(name, provider) || isAlias(models, provider, name)) continue;
      models.add(provider, {
        id: name,
        tools: false,
        json: false,
        ...definedOnly(remote),
        discovered: true,
      });
    }
  }
}

/** Models that are described as usable and that the vendor does not list. */
export function missingModels(
  known: readonly { readonly id: string; readonly apiModel?: string | undefined; readonly status: string }[],
  listed: readonly RemoteModel[],
): readonly string[] {
  const names = new Set(listed.map(({ id }) => wireName(id).toLowerCase()));
  return known
    .filter(({ id, apiModel, status }) => status === 'active' && !names.has((apiModel ?? id).toLowerCase()))
    .map(({ id }) => id);
}

/** One vendor puts a folder before its names that requests may leave out. */
function wireName(id: string): string {
  return id.replace(/^models\//, '');
}

function isAlias(models: ModelList, provider: string, name: string): boolean {
  return models.modelsOf(provider).some(({ aliases = [] }) => aliases.includes(name.toLowerCase()));
}

function definedOnly({ contextWindow, maxOutputTokens, images }: RemoteModel) {
  return {
    ...(contextWindow !== undefined && { contextWindow }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(images !== undefined && { images }),
  };
}
