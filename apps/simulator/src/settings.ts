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
}

export const DEFAULT_SETTINGS: Settings = { latencyMs: 20, delayMs: 0 };

const LARGEST_NUMBER = 3_600_000;
const MOST_TOKENS = 200_000;

type Setting = (settings: Settings, item: ScriptItem) => Settings;

const SETTINGS: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['latency', (settings, item) => ({ ...settings, latencyMs: soleNumber(item) })],
  ['delay', (settings, item) => ({ ...settings, delayMs: soleNumber(item) })],
  ['tokens', (settings, item) => ({ ...settings, tokens: Math.min(soleNumber(item), MOST_TOKENS) })],
  ['answer', (settings, item) => ({ ...settings, answer: exactText(item) })],
  ['echo', (settings) => ({ ...settings, echo: true })],
]);

/** The settings with the item applied, or undefined when the item names no setting. */
export function applySetting(settings: Settings, item: ScriptItem): Settings | undefined {
  const setting = SETTINGS.get(item.name);
  if (!setting) return undefined;
  if (item.times !== undefined) throw new ScriptError(`"${item.name}" takes no xN.`);
  return setting(settings, item);
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

function exactText(item: ScriptItem): string {
  const text = item.argument ?? '';
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    throw new ScriptError('a quoted answer must be a JSON string.');
  }
}
