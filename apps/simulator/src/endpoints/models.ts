import { InputError } from '../input-error.js';
import type { Endpoint, EndpointCall } from './endpoint.js';
import type { ListedModel } from './model-list.js';

const CREATED = 1_767_225_600;
const MOST_PER_PAGE = 1_000;

export const MODEL_ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/models', reply: (call) => ({ body: listOf(call) }) },
  { method: 'GET', path: '/models/:', reply: (call) => ({ body: oneOf(call) }) },
];

function listOf({ incoming, models, query }: EndpointCall): object {
  const all = models.all();
  if (!isAnthropic(incoming.headers)) return { object: 'list', data: all.map(chatModel) };
  const start = all.findIndex(({ id }) => id === query.get('after_id')) + 1;
  const page = all.slice(start, start + (Number(query.get('limit')) || MOST_PER_PAGE));
  return {
    data: page.map(messagesModel),
    has_more: start + page.length < all.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

function oneOf({ incoming, models, id }: EndpointCall): object {
  const model = models.all().find((listed) => listed.id === id);
  if (!model) throw new InputError(`The model "${id}" does not exist.`, 'model_not_found', 404);
  return isAnthropic(incoming.headers) ? messagesModel(model) : chatModel(model);
}

/** Both APIs share the path; the header is one that Anthropic's clients always send. */
export function isAnthropic(headers: EndpointCall['incoming']['headers']): boolean {
  return headers['anthropic-version'] !== undefined;
}

function chatModel(model: ListedModel): object {
  return { object: 'model', created: CREATED, owned_by: 'simulator', ...model };
}

function messagesModel(model: ListedModel): object {
  const createdAt = new Date(CREATED * 1000).toISOString();
  return { type: 'model', display_name: model.id, created_at: createdAt, ...model };
}
