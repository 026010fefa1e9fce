import { excerptOf, type Answer } from './answer.js';
import type { Exchange } from './exchange.js';
import { FILTERED } from './vendor-errors.js';

export function answer(exchange: Exchange): Promise<void> {
  return sendAnswer(exchange, exchange.answer);
}

/** Takes its time: a stream is spread over it, a plain answer comes at its end. */
export async function answerOver(exchange: Exchange, ms: number): Promise<void> {
  if (!exchange.request.stream) {
    await exchange.pause(ms);
    return answer(exchange);
  }
  const { opening, content, closing } = exchange.answerFrames();
  exchange.beginStream();
  await exchange.write(opening.join(''));
  await writePaced(exchange, content, ms / Math.max(content.length, 1));
  await exchange.write(closing.join(''));
  exchange.end();
}

/** Asks for the first tool the request offers; once its result is there, answers. */
export function askForTool(exchange: Exchange): Promise<void> {
  const name = exchange.request.tools[0];
  if (name === undefined || exchange.request.endsWithToolResult) return answer(exchange);
  const args = JSON.stringify({ query: excerptOf(exchange.request.prompt) });
  return sendAnswer(exchange, {
    ...exchange.answer,
    text: '',
    toolCall: { id: 'call_sim_1', name, arguments: args },
    finish: 'tool_calls',
  });
}

/** OpenAI and Anthropic report a refusal inside a 200, Kimi as a 400. */
export async function filterContent(exchange: Exchange, status: number): Promise<void> {
  if (status !== 200) return exchange.fail({ ...FILTERED, status });
  await sendAnswer(exchange, { ...exchange.answer, text: '', finish: 'content_filter', completionTokens: 0 });
}

export async function sendAnswer(exchange: Exchange, content: Answer): Promise<void> {
  if (exchange.request.stream) await streamAnswer(exchange, content);
  else exchange.send(200, exchange.answerText(content));
}

/** Writes frames with a pause between them; without one they leave in a single write. */
export async function writePaced(
  exchange: Exchange,
  frames: readonly string[],
  delayMs: number,
): Promise<void> {
  if (delayMs === 0) {
    if (frames.length > 0) await exchange.write(frames.join(''));
    return;
  }
  for (const frame of frames) {
    await exchange.pause(delayMs);
    await exchange.write(frame);
  }
}

async function streamAnswer(exchange: Exchange, content: Answer): Promise<void> {
  const frames = exchange.answerFrames(content);
  exchange.beginStream();
  if (exchange.settings.delayMs === 0) {
    await exchange.write([...frames.opening, ...frames.content, ...frames.closing].join(''));
  } else {
    await exchange.write(frames.opening.join(''));
    await writePaced(exchange, frames.content, exchange.settings.delayMs);
    await exchange.write(frames.closing.join(''));
  }
  exchange.end();
}
