import { ScriptError, splitArgument, type ScriptItem } from './script.js';

/** What a script can tune besides the behaviour itself. */
export interface Settings {
  /** Wait before the first byte. */
  readonly latencyMs: number;
  /** Wait between two pieces of a streamed answer. */
  readonly delayMs: number;
  /** Length of the answer in tokens; the simulator counts a word as a token. */
  readonly tokens?: number;
  /** Exact answer text. */
  readonly answer?: string;
  /** Answer with the message itself. */
  readonly echo?: boolean;
  /** Tokens of the prompt that count as read from the vendor's cache. */
  readonly cached?: number;
  /** Tokens of the prompt that count as written to it; the messages API alone reports them. */
  readonly cacheWritten?: number;
  /** How often a model that is offered Kimi's `$web_search` asks for it before it answers. */
  readonly searches: number;
  readonly rateLimit?: RateLimit;
}

/** What one API key may do within a window that starts with its first request. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
  readonly tokens?: number;
}

export const DEFAULT_SETTINGS: Settings = { latencyMs: 20, delayMs: 0, searches: 1 };

const LARGEST_NUMBER = 3_600_000;
const MOST_TOKENS = 200_000;

type Setting = (item: ScriptItem) => Partial<Settings>;

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['latency', (item) => ({ latencyMs: soleNumber(item) })],
  ['delay', (item) => ({ delayMs: soleNumber(item) })],
  ['tokens', (item) => ({ tokens: Math.min(soleNumber(item), MOST_TOKENS) })],
  ['answer', (item) => ({ answer: exactText(item) })],
  ['echo', () => ({ echo: true })],
  ['cached', (item) => ({ cached: soleNumber(item) })],
  ['cache-written', (item) => ({ cacheWritten: soleNumber(item) })],
  ['searches', (item) => ({ searches: soleNumber(item) })],
  ['rate-limit', (item) => ({ rateLimit: readRateLimit(item) })],
]);

/** What the item changes, or undefined when it names no setting. */
export function readSetting(item: ScriptItem): Partial<Settings> | undefined {
  const setting = SETTINGS.get(item.name);
  if (!setting) return undefined;
  if (item.times !== undefined) throw new ScriptError(`"${item.name}" takes no xN.`);
  return setting(item);
}

export function readNumbers(item: ScriptItem, most: number): number[] {
  const parts = splitArgument(item.argument);
  const numbers = parts.map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : NaN));
  if (parts.length > most || numbers.some((number) => !(number <= LARGEST_NUMBER))) {
    throw new ScriptError(`"${item.name}" takes at most ${most} number(s) from 0 to ${LARGEST_NUMBER}.`);
  }
  return numbers;
}

function soleNumber(item: ScriptItem): number {
  const [number] = readNumbers(item, 1);
  if (number === undefined) throw new ScriptError(`"${item.name}" needs a number.`);
  return number;
}

function readRateLimit(item: ScriptItem): RateLimit {
  const [requests, seconds, tokens] = readNumbers(item, 3);
  if (requests === undefined || !seconds) {
    throw new ScriptError('"rate-limit" needs a number of requests and of seconds.');
  }
  return { requests, seconds, ...(tokens !== undefined && { tokens }) };
}

function exactText(item: ScriptItem): string {
  const text = item.argument ?? '';
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    throw new ScriptError('a quoted answer must be a JSON string.');
  }
}
