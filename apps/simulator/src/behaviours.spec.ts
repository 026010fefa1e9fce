import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEHAVIOURS } from './behaviours.js';
import { startSimulator, type Simulator } from './server.js';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

afterAll(() => simulator.close());

/** What came over the wire, byte for byte, and how the connection ended. */
interface Raw {
  readonly head: string;
  readonly body: string;
  readonly chunks: readonly Buffer[];
  readonly ending: 'fin' | 'reset' | 'open';
  readonly json: () => unknown;
}

const APIS = { openai: '/v1/chat/completions', anthropic: '/v1/messages' } as const;
type Api = keyof typeof APIS;

/** Speaks HTTP/1.0 by hand, so that nothing between hides what the simulator does. */
async function request(script: string, api: Api, stream: boolean, waitMs = 2000): Promise<Raw> {
  const body = JSON.stringify({
    model: 'simulator-1',
    max_tokens: 1000,
    stream,
    messages: [{ role: 'user', content: `Hello [[sim: ${script}, latency(0)]]` }],
  });
  const socket = connect(simulator.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const ended = new Promise<Raw['ending']>((resolve) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve('fin'));
    socket.on('error', () => resolve('reset'));
  });
  const head = `POST ${APIS[api]} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  socket.write(`${head}\r\n${body}`);
  const ending = await Promise.race([ended, wait(waitMs, 'open' as const)]);
  socket.destroy();
  const text = Buffer.concat(chunks).toString('utf8');
  const split = text.indexOf('\r\n\r\n');
  const content = split < 0 ? '' : text.slice(split + 4);
  return {
    head: split < 0 ? text : text.slice(0, split),
    body: content,
    chunks,
    ending,
    json: () => JSON.parse(content) as unknown,
  };
}

const statusOf = (raw: Raw): number => Number(raw.head.split(' ')[1]);
const headerOf = (raw: Raw, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, 'im').exec(raw.head)?.[1]?.trim();

/** Each API's sign that a stream is complete. */
const COMPLETE: Record<Api, RegExp> = { openai: /data: \[DONE\]/, anthropic: /"type":"message_stop"/ };
const FINISHED: Record<Api, RegExp> = { openai: /"finish_reason":"/, anthropic: /"stop_reason":"/ };

interface Case {
  readonly script: string;
  /** Observe this long: for behaviours that do not end. */
  readonly waitMs?: number;
  readonly check: (raw: Raw, api: Api, stream: boolean) => void;
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

function answersNormally(raw: Raw, api: Api, stream: boolean): void {
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
function onStream(check: (raw: Raw, api: Api) => void): Case['check'] {
  return (raw, api, stream) => (stream ? check(raw, api) : answersNormally(raw, api, stream));
}

const CASES: Record<string, Case> = {
  ok: { script: 'ok', check: answersNormally },
  'ok-long': { script: 'ok-long(0.1)', check: answersNormally },
  'tool-calls': { script: 'tool-calls', check: answersNormally },
  'content-filter': {
    script: 'content-filter',
    check: (raw) => expect(raw.body).toMatch(/"(finish|stop)_reason":"(content_filter|refusal)"/),
  },
  '429': {
    script: '429(7)',
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
  cut: {
    script: 'cut',
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
};

describe('behaviours', () => {
  it('each have a case here', () => {
    expect(Object.keys(CASES).sort()).toEqual(BEHAVIOURS.map((behaviour) => behaviour.name).sort());
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

  it('spreads a long answer over its time', async () => {
    const started = performance.now();
    await request('ok-long(0.3)', 'openai', true);
    expect(performance.now() - started).toBeGreaterThan(280);
  });
});
