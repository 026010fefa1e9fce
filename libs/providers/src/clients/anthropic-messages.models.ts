import { randomUUID } from 'node:crypto';
import type { ExaiError } from '#libs/errors';
import type { RemoteModel } from '../model-client.js';
import type { MessagesApi } from './anthropic-messages.api.js';
import { modelListSchema, modelSchema } from './anthropic-messages.wire.js';
import { BadAnswerError } from './bad-answer.js';
import { RequestWatch } from './request-watch.js';
import { readText } from './response-body.js';

const TIME_LIMIT_MS = 10_000;
/** The most the vendor puts on one page, and more than it has models. */
const PAGE = { limit: '1000' };

/** The models a vendor lists, at most 1,000; entries that are not models are left out. One request. */
export async function fetchRemoteModels(
  api: MessagesApi,
  signal: AbortSignal,
  provider: string,
  classify: (error: unknown) => ExaiError,
): Promise<readonly RemoteModel[]> {
  const times = { totalMs: TIME_LIMIT_MS, firstByteMs: TIME_LIMIT_MS, idleMs: TIME_LIMIT_MS };
  const watch = new RequestWatch(signal, { provider }, times, { streamed: false });
  try {
    watch.check();
    const options = { signal: watch.signal, correlationId: randomUUID() };
    const response = await api.get('/v1/models', PAGE, options);
    const text = await readText(response);
    watch.check();
    return modelsIn(text).slice(0, Number(PAGE.limit));
  } catch (error) {
    throw watch.reason ?? classify(error);
  } finally {
    watch.close();
  }
}

function modelsIn(text: string): readonly RemoteModel[] {
  const list = modelListSchema.safeParse(JSON.parse(text));
  if (!list.success) throw new BadAnswerError('the list of models has another shape');
  return list.data.data.flatMap((entry) => {
    const model = modelSchema.safeParse(entry);
    if (!model.success) return [];
    const { id, max_input_tokens: contextWindow, max_tokens: maxOutputTokens, capabilities } = model.data;
    const images = capabilities?.image_input?.supported;
    return {
      id,
      ...(typeof contextWindow === 'number' && { contextWindow }),
      ...(typeof maxOutputTokens === 'number' && { maxOutputTokens }),
      ...(images !== undefined && { images }),
    };
  });
}
