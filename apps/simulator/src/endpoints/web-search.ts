import { z } from 'zod';
import { readJson } from '../http-body.js';
import { parseBody } from '../request.js';
import { DEFAULT_COUNT, findPages, MOST_RESULTS } from '../search-results.js';
import type { Endpoint } from './endpoint.js';

const querySchema = z.looseObject({
  search_query: z.string().min(1),
  search_engine: z.string().min(1),
  count: z.number().int().min(1).max(MOST_RESULTS).nullish(),
  request_id: z.string().nullish(),
});

/** GLM's search without a model. */
export const SEARCH_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/web_search',
    reply: async ({ incoming }) => {
      const { search_query, count, request_id } = parseBody(querySchema, await readJson(incoming));
      return {
        body: {
          id: 'search-sim',
          created: Math.floor(Date.now() / 1000),
          ...(request_id && { request_id }),
          search_intent: [{ query: search_query, intent: 'SEARCH_ALL', keywords: search_query }],
          search_result: findPages(search_query, count ?? DEFAULT_COUNT),
        },
      };
    },
  },
];
