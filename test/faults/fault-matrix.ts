import { writeFileSync } from 'node:fs';
import { connect, type McpClient } from '../harness/clients.js';
import { type Rig } from '../harness/rig.js';
import { type FaultListeners } from './fault-listeners.js';
import { FAULT_ROWS, WIDE_TEXT, type FaultRow } from './fault-rows.js';

export const DIALECTS = ['openai', 'anthropic'] as const;
export type DialectName = (typeof DIALECTS)[number];

/** One row asked in one dialect, its answer streamed or whole. */
export interface FaultCase {
  readonly id: string;
  readonly behaviour: string;
  readonly dialect: DialectName;
  readonly streamed: boolean;
  readonly expected: string;
  readonly requests: number;
  readonly row: FaultRow;
}

export interface FaultOutcome extends FaultCase {
  readonly seen: string;
  readonly requestsSeen: number;
  readonly seconds: number;
  readonly passed: boolean;
}

/** A provider of its own for every case: a fault that opens a circuit must not answer for its neighbours. */
export function faultCases(): FaultCase[] {
  return FAULT_ROWS.flatMap((row, index) =>
    DIALECTS.flatMap((dialect) =>
      [true, false].flatMap((streamed): FaultCase[] => {
        const whole = streamed ? {} : (row.whole ?? {});
        if (whole === 'skip') return [];
        const id = `f${index}-${dialect}-${streamed ? 'stream' : 'whole'}`;
        const { expected = row.expected, requests = row.requests } = whole;
        return [{ id, behaviour: row.behaviour, dialect, streamed, expected, requests, row }];
      }),
    ),
  );
}

/** Short limits, so that three timeouts in a row are over soon; a loaded machine still answers within them. */
const TIMEOUTS = { connectMs: 2_000, firstByteMs: 1_500, idleMs: 1_500 };
const TOTAL_SECONDS = 3;
/** Large answers take their time on a loaded machine. */
const PATIENT_SECONDS = 30;
export const LARGE: ReadonlySet<string> = new Set(['huge', 'gzip-bomb', 'header-flood']);

/** The providers file of the whole matrix. */
export function writeFaultProviders(path: string, cases: readonly FaultCase[], at: FaultListeners): void {
  const providers = cases.map(({ id, behaviour, dialect, streamed, row }) => ({
    id,
    type: dialect === 'openai' ? 'openai-compatible' : 'anthropic-compatible',
    baseUrl: dialect === 'openai' ? `${at.urlOf(row.listener)}/v1` : at.urlOf(row.listener),
    apiKey: 'fault-matrix-key',
    allowPrivate: true,
    timeoutSecs: LARGE.has(behaviour) ? PATIENT_SECONDS : TOTAL_SECONDS,
    timeouts: TIMEOUTS,
    models: [
      {
        id: `${id}-model`,
        contextWindow: 200_000,
        maxOutputTokens: 4_096,
        intelligence: 5,
        streaming: streamed,
      },
    ],
  }));
  writeFileSync(path, JSON.stringify({ providers }), { mode: 0o600 });
}

export async function runCases(
  rig: Rig,
  cases: readonly FaultCase[],
  concurrency: number,
): Promise<FaultOutcome[]> {
  const client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  const waiting = [...cases];
  const outcomes: FaultOutcome[] = [];
  const runNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      outcomes.push(await runCase(rig, client, next));
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, runNext));
  } finally {
    await client.close();
  }
  return cases.map(({ id }) => outcomes.find((outcome) => outcome.id === id)!);
}

async function runCase({ simulator }: Rig, client: McpClient, fault: FaultCase): Promise<FaultOutcome> {
  const { behaviour, row } = fault;
  const directive = row.listener ? 'ok' : behaviour;
  const text = row.answer === undefined ? '' : `, answer(${JSON.stringify(WIDE_TEXT)})`;
  const startedAt = performance.now();
  const result = await client.callTool(
    'chat',
    { prompt: `[[sim: ${directive}${text}]] hello`, model: `${fault.id}-model`, use_websearch: false },
    { timeout: 120_000 },
  );
  const { structuredContent = {}, _meta } = result;
  const error = structuredContent['error'] as { code: string } | undefined;
  const intact = row.answer === undefined || structuredContent['content'] === row.answer;
  const seen = error?.code ?? (intact ? 'answer' : 'another answer');
  const requests = await simulator.requestsOf(String(_meta?.['io.exai/callId']));
  return {
    ...fault,
    seen,
    requestsSeen: requests.length,
    seconds: (performance.now() - startedAt) / 1_000,
    passed: seen === fault.expected && requests.length === fault.requests,
  };
}
