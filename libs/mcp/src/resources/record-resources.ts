import { toExaiError } from '#libs/errors';
import { validate as isUuid } from 'uuid';
import { type FixedResource, type ResourceTemplate } from './resource.js';

const POLICY = { scope: 'calls:read' } as const;
const MAX_THREADS = 100;
const MAX_MESSAGES = 100;

export const threads: FixedResource = {
  uri: 'exai://threads',
  name: 'threads',
  title: 'Conversations',
  description: 'Your own conversations, the last used first.',
  policy: POLICY,
  read: async ({ view }, principal) => ({
    json: { threads: await view.records.threads(principal, MAX_THREADS) },
  }),
};

export const thread: ResourceTemplate = {
  uriTemplate: 'exai://threads/{id}',
  name: 'thread',
  title: 'Conversation',
  description: 'One of your conversations with its newest turns, by continuation_id.',
  policy: POLICY,
  async read({ view }, principal, id) {
    try {
      return { json: await view.records.thread(principal, id, MAX_MESSAGES) };
    } catch (thrown) {
      const error = toExaiError(thrown);
      if (error.code === 'CONVERSATION_EXPIRED') return undefined;
      throw error;
    }
  },
  ids: async ({ view }, principal, limit) =>
    (await view.records.threads(principal, limit)).map(({ continuation_id }) => continuation_id),
};

export const call: ResourceTemplate = {
  uriTemplate: 'exai://calls/{id}',
  name: 'call',
  title: 'Call',
  description: 'One of your calls by its id: state, attempts, cost, and the answer or the error while kept.',
  policy: POLICY,
  async read({ ledger }, principal, id) {
    const report = isUuid(id) ? await ledger.report(id, principal) : undefined;
    return report && { json: report };
  },
  ids: async ({ view }, principal, limit) =>
    (await view.records.calls(principal, { limit })).map(({ call_id }) => call_id),
};
