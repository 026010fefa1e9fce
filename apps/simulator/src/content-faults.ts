// Answers that are whole and well-formed HTTP, but hold what nobody asked for or can store.
import { sendAnswer } from './send-answer.js';
import type { Exchange } from './exchange.js';

const INPUT_COUNT = /"(prompt_tokens|input_tokens|total_tokens)":\d+/g;
const OUTPUT_COUNT = /"(completion_tokens|output_tokens)":\d+/g;

/** Asks for a tool that no request offers. */
export function askForUnknownTool(exchange: Exchange): Promise<void> {
  return sendAnswer(exchange, {
    ...exchange.answer,
    text: '',
    toolCalls: [{ id: 'call_sim_1', name: 'delete_everything', arguments: '{"confirm":true}' }],
    finish: 'tool_calls',
  });
}

/** NUL in the middle of the text: as an escape, which JSON allows, or raw, which it does not. */
export async function sendNulBytes(exchange: Exchange, isRaw: boolean): Promise<void> {
  const { text } = exchange.answer;
  const half = Math.floor(text.length / 2);
  const wire = exchange.wire({ ...exchange.answer, text: `${text.slice(0, half)}\0${text.slice(half)}` });
  await exchange.sendWire(isRaw ? wire.replaceAll('\\u0000', '\0') : wire);
}

/** Token counts beyond what a double or an integer column holds. */
export async function overflowNumbers(exchange: Exchange): Promise<void> {
  const wire = exchange
    .wire()
    .replace(INPUT_COUNT, '"$1":1e999')
    .replace(OUTPUT_COUNT, '"$1":123456789012345678901234567890');
  await exchange.sendWire(wire);
}
