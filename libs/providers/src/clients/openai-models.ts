import { ExaiError } from '#libs/errors';
import { z } from 'zod';
import type { RemoteModel } from '../model-client.js';
import type { ErrorClassifier } from './classify-error.js';
import type { OpenAiApi } from './openai-api.js';
import { RequestWatch } from './request-watch.js';
import { readText } from './response-body.js';

const TIME_LIMIT_MS = 10_000;
const MAX_MODELS = 2_000;
const MAX_ID = 200;
/** An id is shown and compared, so it is of visible characters alone. */
const ID = /^[\x21-\x7e]+$/;

const tokens = z.int().positive().nullish().catch(undefined);

/** Vendors add what they like; what is not understood is as good as absent. */
const modelSchema = z.looseObject({
  id: z.string().regex(ID).max(MAX_ID),
  context_length: tokens,
  context_window: tokens,
  max_context_length: tokens,
  max_model_len: tokens,
  max_output: tokens,
  max_output_tokens: tokens,
  max_completion_tokens: tokens,
  top_provider: z.looseObject({ max_completion_tokens: tokens }).nullish().catch(undefined),
  architecture: z
    .looseObject({ input_modalities: z.array(z.string()).nullish() })
    .nullish()
    .catch(undefined),
  /** Kimi. */
  supports_image_in: z.boolean().nullish().catch(undefined),
  /** Mistral. */
  capabilities: z.looseObject({ vision: z.boolean().nullish() }).nullish().catch(undefined),
});

const listSchema = z.union([z.looseObject({ data: z.array(z.unknown()) }), z.array(z.unknown())]);

/** The models a vendor lists, at most 2,000; entries that are not models are left out. One request. */
export async function fetchRemoteModels(
  api: OpenAiApi,
  classifier: ErrorClassifier,
  provider: string,
  signal: AbortSignal,
): Promise<readonly RemoteModel[]> {
  const times = { totalMs: TIME_LIMIT_MS, firstByteMs: TIME_LIMIT_MS, idleMs: TIME_LIMIT_MS };
  const watch = new RequestWatch(signal, { provider }, times, { streamed: false });
  try {
    watch.check();
    const response = await api.send({ method: 'get', path: '/models', signal: watch.signal });
    const text = await readText(response);
    watch.check();
    return modelsIn(text, provider);
  } catch (error) {
    throw watch.reason ?? classifier.classify(error);
  } finally {
    watch.close();
  }
}

function modelsIn(text: string, provider: string): readonly RemoteModel[] {
  const list = listSchema.safeParse(parsed(text));
  if (!list.success) {
    throw new ExaiError('PROVIDER_BAD_RESPONSE', {
      provider,
      reason: 'the list of models has another shape',
    });
  }
  const entries = Array.isArray(list.data) ? list.data : list.data.data;
  const models: RemoteModel[] = [];
  for (const entry of entries) {
    if (models.length === MAX_MODELS) break;
    const model = modelSchema.safeParse(entry);
    if (model.success) models.push(remoteModelOf(model.data));
  }
  return models;
}

function remoteModelOf(model: z.output<typeof modelSchema>): RemoteModel {
  const contextWindow =
    model.context_length ?? model.context_window ?? model.max_context_length ?? model.max_model_len;
  const maxOutputTokens =
    model.max_output ??
    model.max_output_tokens ??
    model.max_completion_tokens ??
    model.top_provider?.max_completion_tokens;
  const images =
    model.architecture?.input_modalities?.includes('image') ??
    model.supports_image_in ??
    model.capabilities?.vision;
  return {
    id: model.id,
    ...(typeof contextWindow === 'number' && { contextWindow }),
    ...(typeof maxOutputTokens === 'number' && { maxOutputTokens }),
    ...(typeof images === 'boolean' && { images }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
