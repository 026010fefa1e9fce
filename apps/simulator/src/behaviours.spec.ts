import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headerOf, postRaw, statusOf, type RawResponse } from '../../../test/harness/raw-http.js';
import { BEHAVIOURS } from './behaviours.js';
import { startSimulator, type Simulator } from './server.js';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

afterAll(() => simulator.close());

const APIS = { openai: '/v1/chat/completions', anthropic: '/v1/messages' } as const;
type Api = keyof typeof APIS;

function request(script: string, api: Api, stream: boolean, waitMs?: number): Promise<RawResponse> {
  const messages = [{ role: 'user', content: `Hello [[sim: ${script}, latency(0)]]` }];
  const body = { model: 'simulator-1', max_tokens: 1000, stream, messages };
  return postRaw(simulator.port, APIS[api], body, waitMs);
}

/** Each API's sign that a stream is complete. */
const COMPLETE: Record<Api, RegExp> = { openai: /data: \[DONE\]/, anthropic: /"type":"message_stop"/ };
const FINISHED: Record<Api, RegExp> = { openai: /"finish_reason":"/, anthropic: /"stop_reason":"/ };

interface Case {
  readonly script: string;
  /** Observe this long: for behaviours that do not end. */
  readonly waitMs?: number;
  readonly check: (raw: RawResponse, api: Api, stream: boolean) => void;
}

function failsWith(script: string, status: number): Case {
  return {
    script,
    check: (raw) => {
      expect(statusOf(raw)).toBe(status);
      expect(raw.json()).toHaveProperty('error.message');
      expect(raw.ending).toBe('fin');
    },
  };
}

function answersNormally(raw: RawResponse, api: Api, stream: boolean): void {
  expect(statusOf(raw)).toBe(200);
  expect(raw.ending).toBe('fin');
  if (stream) {
    expect(headerOf(raw, 'content-type')).toBe('text/event-stream');
    expect(raw.body).toMatch(COMPLETE[api]);
    expect(raw.body).toMatch(FINISHED[api]);
  } else {
    expect(raw.json()).toHaveProperty('usage');
  }
}

/** Plain requests are answered normally by behaviours that spoil only a stream. */
function onStream(check: (raw: RawResponse, api: Api) => void): Case['check'] {
  return (raw, api, stream) => (stream ? check(raw, api) : answersNormally(raw, api, stream));
}

function countIn({ body }: RawResponse, part: string | RegExp): number {
  return body.split(part).length - 1;
}

const CASES: Record<string, Case> = {
  ok: { script: 'ok', check: answersNormally },
  'ok-long': { script: 'ok-long(0.1)', check: answersNormally },
  'tool-calls': { script: 'tool-calls', check: answersNormally },
  'tool-calls-and-search': { script: 'tool-calls-and-search', check: answersNormally },
  'unexpected-tool-calls': {
    script: 'unexpected-tool-calls',
    check: (raw, _api, stream) => {
      if (!stream) answersNormally(raw, _api, stream);
      expect(raw.body).toContain('delete_everything');
      expect(raw.body).toMatch(/"(finish_reason|stop_reason)":"tool_(calls|use)"/);
    },
  },
  'content-filter': {
    script: 'content-filter',
    check: (raw) => expect(raw.body).toMatch(/"(finish|stop)_reason":"(content_filter|refusal)"/),
  },
  '429-seconds': {
    script: '429-seconds(7)',
    check: (raw) => {
      expect(statusOf(raw)).toBe(429);
      expect(headerOf(raw, 'retry-after')).toBe('7');
    },
  },
  '429-date': {
    script: '429-date(30)',
    check: (raw) => {
      const seconds = (Date.parse(headerOf(raw, 'retry-after') ?? '') - Date.now()) / 1000;
      expect(statusOf(raw)).toBe(429);
      expect(seconds).toBeGreaterThan(28);
      expect(seconds).toBeLessThan(32);
    },
  },
  '429-bare': {
    script: '429-bare',
    check: (raw) => {
      expect(statusOf(raw)).toBe(429);
      expect(headerOf(raw, 'retry-after')).toBeUndefined();
    },
  },
  '401': failsWith('401', 401),
  '402': failsWith('402', 402),
  '403': failsWith('403', 403),
  '500': failsWith('500', 500),
  '503': failsWith('503', 503),
  '529': failsWith('529', 529),
  '400-context': failsWith('400-context', 400),
  '404-model': failsWith('404-model', 404),
  'glm-error': {
    script: 'glm-error(1261, 400)',
    check: (raw) => {
      expect(statusOf(raw)).toBe(400);
      expect(raw.json()).toEqual({ error: { code: '1261', message: 'Prompt exceeds max length.' } });
    },
  },
  'kimi-error': {
    script: 'kimi-error(exceeded_current_quota_error)',
    check: (raw) => {
      expect(statusOf(raw)).toBe(429);
      expect(raw.json()).toHaveProperty('error.type', 'exceeded_current_quota_error');
    },
  },
  '502-html': {
    script: '502-html',
    check: (raw) => {
      expect(statusOf(raw)).toBe(502);
      expect(headerOf(raw, 'content-type')).toBe('text/html');
    },
  },
  'wrong-type': {
    script: 'wrong-type',
    check: (raw) => {
      expect(statusOf(raw)).toBe(200);
      expect(headerOf(raw, 'content-type')).toBe('text/html');
    },
  },
  'bad-json': {
    script: 'bad-json',
    check: (raw, _api, stream) => {
      expect(statusOf(raw)).toBe(200);
      expect(() => JSON.parse(stream ? raw.body.replace('data: ', '') : raw.body) as unknown).toThrow();
    },
  },
  'empty-200': {
    script: 'empty-200',
    check: (raw) => {
      expect(statusOf(raw)).toBe(200);
      expect(raw.body).toBe('');
      expect(raw.ending).toBe('fin');
    },
  },
  'empty-choices': {
    script: 'empty-choices',
    check: (raw) => {
      expect(raw.body).toMatch(/"(choices|content)":\[\]/);
      expect(raw.body).not.toContain('[simulation]');
    },
  },
  refuse: {
    // Without a time the port stays open, for the other cases.
    script: 'refuse(0)',
    check: (raw) => {
      expect(raw.ending).toBe('reset');
      expect(raw.head).toBe('');
    },
  },
  'redirect-private': {
    script: 'redirect-private(http://10.1.2.3/secret?a=(b))',
    check: (raw) => {
      expect(statusOf(raw)).toBe(302);
      expect(headerOf(raw, 'location')).toBe('http://10.1.2.3/secret?a=(b)');
    },
  },
  'redirect-loop': {
    script: 'redirect-loop',
    check: (raw, api) => {
      expect(statusOf(raw)).toBe(307);
      expect(headerOf(raw, 'location')).toBe(APIS[api]);
    },
  },
  huge: {
    script: 'huge(2)',
    check: (raw, api, stream) => {
      answersNormally(raw, api, stream);
      expect(raw.bytes.length).toBeGreaterThan(2 * 1_048_576);
      expect(raw.bytes.length).toBeLessThan(2.1 * 1_048_576);
    },
  },
  'gzip-bomb': {
    script: 'gzip-bomb(20)',
    check: (raw, api, stream) => {
      expect(headerOf(raw, 'content-encoding')).toBe('gzip');
      const body = gunzipSync(raw.bytes).toString('utf8');
      expect(body.length / raw.bytes.length).toBeGreaterThan(900);
      answersNormally({ ...raw, body, json: () => JSON.parse(body) as unknown }, api, stream);
    },
  },
  'header-flood': {
    script: 'header-flood',
    check: (raw, api, stream) => {
      answersNormally(raw, api, stream);
      expect(raw.head.length).toBeGreaterThan(128 * 1024);
    },
  },
  'nul-bytes': {
    script: 'nul-bytes',
    check: (raw, api, stream) => {
      answersNormally(raw, api, stream);
      expect(raw.body).toContain('\\u0000');
      expect(raw.bytes.includes(0)).toBe(false);
    },
  },
  'json-number-overflow': {
    script: 'json-number-overflow',
    check: (raw, api, stream) => {
      answersNormally(raw, api, stream);
      // Chat completions stream no usage unasked.
      if (api === 'anthropic' || !stream) {
        expect(raw.body).toMatch(/"(prompt|input)_tokens":1e999/);
        expect(raw.body).toMatch(/"(completion|output)_tokens":\d{30}/);
      }
    },
  },
  'hang-accept': {
    script: 'hang-accept',
    waitMs: 200,
    check: (raw) => {
      expect(raw.ending).toBe('open');
      expect(raw.head).toBe('');
    },
  },
  'hang-headers': {
    script: 'hang-headers',
    waitMs: 200,
    check: (raw) => {
      expect(raw.ending).toBe('open');
      expect(raw.head).toMatch(/^HTTP\/1.1 200 OK\r\n/);
      expect(raw.head).not.toContain('\r\n\r\n');
    },
  },
  'hang-mid-stream': {
    script: 'hang-mid-stream',
    waitMs: 200,
    check: (raw, api) => {
      expect(raw.ending).toBe('open');
      expect(raw.body.length).toBeGreaterThan(50);
      expect(raw.body).not.toMatch(COMPLETE[api]);
    },
  },
  'rst-mid-body': {
    script: 'rst-mid-body',
    check: (raw, api) => {
      expect(raw.ending).toBe('reset');
      expect(raw.body.length).toBeGreaterThan(50);
      expect(raw.body).not.toMatch(COMPLETE[api]);
    },
  },
  'short-body': {
    script: 'short-body',
    check: (raw) => {
      expect(raw.ending).toBe('fin');
      expect(Number(headerOf(raw, 'content-length'))).toBe(Buffer.byteLength(raw.body) + 64);
    },
  },
  slowloris: {
    script: 'slowloris(50)',
    waitMs: 500,
    check: (raw) => {
      expect(raw.ending).toBe('open');
      expect(raw.body.length).toBeGreaterThan(2);
      expect(raw.body.length).toBeLessThan(12);
    },
  },
  'sse-no-done': {
    script: 'sse-no-done',
    check: onStream((raw, api) => {
      expect(raw.ending).toBe('fin');
      expect(raw.body).toContain('[simulation]');
      expect(raw.body).not.toMatch(COMPLETE[api]);
      expect(raw.body).not.toMatch(FINISHED[api]);
    }),
  },
  'sse-error-event': {
    script: 'sse-error-event',
    check: onStream((raw, api) => {
      expect(raw.body).toMatch(/"overloaded_error"/);
      expect(raw.body.includes('event: error')).toBe(api === 'anthropic');
      expect(raw.body).not.toMatch(COMPLETE[api]);
    }),
  },
  'sse-comments-only': {
    script: 'sse-comments-only(20)',
    waitMs: 300,
    check: onStream((raw) => {
      expect(raw.ending).toBe('open');
      expect(raw.body).toMatch(/^(: keep-alive\n\n){2,}$/);
    }),
  },
  'sse-split-utf8': {
    script: 'sse-split-utf8',
    check: (raw, api, stream) => {
      answersNormally(raw, api, stream);
      expect(raw.body).toContain('🙂');
      expect(raw.body).not.toContain('\uFFFD');
      const decoded = raw.chunks.map((chunk) => chunk.toString('utf8')).join('');
      expect(decoded, 'a decoder without state stumbles').toContain('\uFFFD');
    },
  },
  'sse-crlf': {
    script: 'sse-crlf',
    check: onStream((raw, api) => {
      answersNormally(raw, api, true);
      expect(raw.body).not.toMatch(/[^\r]\n/);
      expect(raw.body).toContain('\r\n\r\n');
    }),
  },
  'sse-bom': {
    script: 'sse-bom',
    check: onStream((raw, api) => {
      answersNormally(raw, api, true);
      expect(raw.bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    }),
  },
  'dup-chunk': {
    script: 'dup-chunk, answer(one two three four)',
    check: onStream((raw, api) => {
      answersNormally(raw, api, true);
      expect(countIn(raw, '"four"')).toBe(2);
      expect(countIn(raw, '"one two three "')).toBe(1);
      expect(countIn(raw, FINISHED[api])).toBe(2);
      expect(countIn(raw, COMPLETE[api])).toBe(1);
    }),
  },
};

describe('behaviours', () => {
  it('each have a case here', () => {
    expect(Object.keys(CASES).sort()).toEqual(BEHAVIOURS.map((behaviour) => behaviour.name).sort());
  });

  it('are each explained in the README', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const unexplained = BEHAVIOURS.filter(({ name }) => !new RegExp(`\`${name}[\`(]`).test(readme));
    expect(unexplained.map(({ name }) => name)).toEqual([]);
  });

  describe.each(Object.entries(CASES))('%s', (_name, { script, waitMs, check }) => {
    it.each([
      ['openai', false],
      ['openai', true],
      ['anthropic', false],
      ['anthropic', true],
    ] as const)('%s, stream: %s', async (api, stream) => {
      check(await request(script, api, stream, waitMs), api, stream);
    });
  });

  it('can report filtered content as an error, too', async () => {
    const raw = await request('content-filter(400)', 'openai', false);
    expect(statusOf(raw)).toBe(400);
    expect(raw.json()).toHaveProperty('error.type', 'content_filter');
  });

  it.each(['openai', 'anthropic'] as const)('repeats content or ending alone, %s', async (api) => {
    const content = await request('dup-chunk(1), answer(one two three four)', api, true);
    expect([countIn(content, '"four"'), countIn(content, FINISHED[api])]).toEqual([2, 1]);
    const ending = await request('dup-chunk(2), answer(one two three four)', api, true);
    expect([countIn(ending, '"four"'), countIn(ending, FINISHED[api])]).toEqual([1, 2]);
  });

  it.each([true, false])('puts a bare NUL into the text, stream: %s', async (stream) => {
    for (const api of ['openai', 'anthropic'] as const) {
      expect((await request('nul-bytes(1)', api, stream)).bytes.includes(0)).toBe(true);
    }
  });

  it('sends something huge as a single event, too', async () => {
    const raw = await request('huge(1, 1)', 'openai', true);
    expect(Math.max(...raw.body.split('\n\n').map((event) => event.length))).toBeGreaterThan(1_048_576);
  });

  it('trickles one byte a second unless told otherwise, streams as well', async () => {
    const raw = await request('slowloris', 'openai', true, 2_300);
    expect(raw.body).toBe('dat');
  });

  it('spreads a long answer over its time', async () => {
    const started = performance.now();
    await request('ok-long(0.3)', 'openai', true);
    expect(performance.now() - started).toBeGreaterThan(280);
  });
});
