import { z } from 'zod';
import { readJson } from '../http-body.js';
import { contentSchema, parseBody, readConversation } from '../request.js';
import type { Endpoint } from './endpoint.js';

const countSchema = z.object({
  model: z.string().min(1),
  system: contentSchema,
  messages: z.array(z.object({ role: z.string(), content: contentSchema })).min(1),
});

/** Kimi's account and token count, and the latter under Anthropic's name. */
export const ACCOUNT_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/users/me/balance',
    reply: () => ({
      body: {
        code: 0,
        data: { available_balance: 49.5, voucher_balance: 46.5, cash_balance: 3 },
        scode: '0x0',
        status: true,
      },
    }),
  },
  {
    method: 'POST',
    path: '/tokenizers/estimate-token-count',
    reply: async ({ incoming }) => ({
      body: { data: { total_tokens: countTokens(await readJson(incoming)) } },
    }),
  },
  {
    method: 'POST',
    path: '/messages/count_tokens',
    reply: async ({ incoming }) => ({ body: { input_tokens: countTokens(await readJson(incoming)) } }),
  },
];

function countTokens(body: unknown): number {
  const { system, messages } = parseBody(countSchema, body);
  return readConversation([{ role: 'system', content: system }, ...messages]).promptTokens;
}
