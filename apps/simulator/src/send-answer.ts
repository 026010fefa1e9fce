import { builtinSearchCall } from './builtin-search.js';
import { excerptOf, type Answer } from './answer.js';
import type { Exchange } from './exchange.js';
import { FILTERED } from './vendor-errors.js';

/** Answers, unless the model first wants to have the web searched by the client. */
export function answer(exchange: Exchange): Promise<void> {
  const { search } = exchange.request;
  if (search?.by === 'client' && search.rounds < exchange.settings.searches) return askForSearch(exchange);
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

/**
 * Asks for the tools the request offers, in their order; once there is a result, answers.
 * @param withSearch asks for Kimi's own search in the same breath
 */
export function askForTool(exchange: Exchange, count: number, withSearch = false): Promise<void> {
  const { tools, endsWithToolResult, prompt } = exchange.request;
  if (tools.length === 0 || endsWithToolResult) return answer(exchange);
  const args = JSON.stringify({ query: excerptOf(prompt) });
  const toolCalls = Array.from({ length: Math.max(count, 1) }, (_, index) => ({
    id: `call_sim_${index + 1}`,
    name: tools[index % tools.length] ?? '',
    arguments: args,
  }));
  const search = withSearch ? [builtinSearchCall(exchange.request)] : [];
  return sendAnswer(exchange, {
    ...exchange.answer,
    text: '',
    toolCalls: [...search, ...toolCalls],
    finish: 'tool_calls',
  });
}

/** OpenAI and Anthropic report a refusal inside a 200, Kimi as a 400. */
export async function filterContent(exchange: Exchange, status: number): Promise<void> {
  if (status !== 200) return exchange.fail({ ...FILTERED, status });
  await sendAnswer(exchange, { ...exchange.answer, text: '', finish: 'content_filter', completionTokens: 0 });
}

function askForSearch(exchange: Exchange): Promise<void> {
  return sendAnswer(exchange, {
    ...exchange.answer,
    text: '',
    toolCalls: [builtinSearchCall(exchange.request)],
    finish: 'tool_calls',
  });
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
  if (exchange.settings.delayMs === 0) return exchange.sendWire(exchange.wire(content));
  const frames = exchange.answerFrames(content);
  exchange.beginStream();
  await exchange.write(frames.opening.join(''));
  await writePaced(exchange, frames.content, exchange.settings.delayMs);
  await exchange.write(frames.closing.join(''));
  exchange.end();
}
