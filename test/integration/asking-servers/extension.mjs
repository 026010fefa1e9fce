import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { InputNeeded, defineUtilityTool } from '#libs/tools';
import { z } from 'zod';

const nameOf = (response) => (response?.action === 'accept' ? response.content.name : undefined);

const question = (message) => ({
  method: 'elicitation/create',
  params: {
    message,
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  },
});

const common = {
  tier: 'advanced',
  annotations: { readOnlyHint: true, openWorldHint: false },
};

const greet = {
  ...common,
  name: 'greet',
  title: 'Greet',
  description: 'Asks for names, one question after the other or all at once.',
  fields: {
    rounds: z.int().min(1).max(5).default(1),
    together: z.boolean().default(false),
    work_ms: z.int().default(0),
    runs_file: z.string().optional(),
  },
  async answer({ rounds, together, work_ms, runs_file }, { input, sleep }) {
    if (runs_file) appendFileSync(runs_file, 'run\n');
    const keys = Array.from({ length: rounds }, (_, index) => `name${index + 1}`);
    const missing = keys.filter((key) => input.response(key) === undefined);
    if (missing.length > 0) {
      const asked = together ? missing : missing.slice(0, 1);
      throw new InputNeeded(Object.fromEntries(asked.map((key) => [key, question(`Who is ${key}?`)])));
    }
    if (work_ms > 0) await sleep(work_ms);
    const names = keys.map((key) => nameOf(input.response(key)) ?? 'nobody');
    return { content: `Hello, ${names.join(' and ')}`, contentType: 'text' };
  },
};

/** Tools that ask whoever called them; each run leaves a line in a file, so that tests can count runs. */
export const extension = {
  tools: [
    defineUtilityTool(greet),
    defineUtilityTool({ ...greet, name: 'greet_later', task: 'at-once' }),
    defineUtilityTool({ ...greet, name: 'greet_only_later', task: 'required' }),
    defineUtilityTool({
      ...common,
      name: 'fail_later',
      title: 'Fail',
      description: 'Says that it failed.',
      task: 'at-once',
      fields: {},
      answer: async () => ({ content: 'It did not work.', contentType: 'text', isError: true }),
    }),
    defineUtilityTool({
      ...common,
      name: 'break_later',
      title: 'Break',
      description: 'Has a bug.',
      task: 'at-once',
      fields: {},
      answer: () => Promise.reject(new TypeError('the secret reason')),
    }),
    defineUtilityTool({
      ...common,
      name: 'narrate',
      title: 'Narrate',
      description: 'Tells progress, logs and blocks, and fails when it shall.',
      fields: { fail: z.boolean().default(false) },
      async answer({ fail }, { progress, log, releaseStream }) {
        progress(1, 4, 'begun');
        log('info', { step: 1 }, 'narrator');
        progress(2, 4);
        releaseStream();
        log('warning', 'nearly there');
        log('warning', 'nearly there');
        progress(4, 4, 'done');
        return {
          content: fail ? 'It did not work.' : '',
          contentType: 'text',
          ...(fail ? { isError: true } : { blocks: [{ type: 'text', text: 'a block' }] }),
          fields: { digest: createHash('sha256').update('x').digest('hex').slice(0, 8) },
        };
      },
    }),
    defineUtilityTool({
      ...common,
      name: 'linger',
      title: 'Linger',
      description: 'Takes its time, whatever happens to its call.',
      fields: { milliseconds: z.int().min(0).max(60_000) },
      async answer({ milliseconds }, { signal }) {
        await delay(milliseconds, undefined, { signal });
        return { content: `after ${milliseconds} ms`, contentType: 'text' };
      },
    }),
  ],
};
