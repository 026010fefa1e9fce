import { createHash } from 'node:crypto';
import type { ChatRequest } from './request.js';
import { findPages, type SearchResult } from './search-results.js';
import type { Settings } from './settings.js';

export interface ToolCall {
  readonly id: string;
  /** Chat completions only; default `function`. */
  readonly type?: string;
  readonly name: string;
  readonly arguments: string;
}

export interface Answer {
  readonly text: string;
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  /** What the vendor's own web search found. */
  readonly sources?: readonly SearchResult[];
  readonly finish: 'stop' | 'length' | 'content_filter' | 'tool_calls';
  /** No choice (chat completions) or content block (messages) at all. */
  readonly isEmpty?: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
  /** Of the prompt: read from the cache, and written to it. */
  readonly cachedTokens: number;
  readonly cacheWrittenTokens: number;
}

export const LABEL = '[simulation]';

const OPENINGS = [
  'This is a canned reply',
  'These sentences were put together from a list',
  'The following text was chosen by a hash of your message',
  'Here is a stand-in for a real answer',
];
const MIDDLES = [
  'so the same message always gets the same words.',
  'which makes tests and demonstrations repeatable.',
  'and nothing left this machine to produce it.',
  'with no judgement of your question behind it.',
];
const ENDINGS = [
  'Tool calls, conversations, streaming and cancellation behave as they do with a real provider.',
  'Everything around the model, from the queue to the journal, is the real thing.',
  'The request travelled the same path a provider request takes.',
  'Usage figures are estimates and cost nothing.',
];
const KEY_HINT =
  'No provider key is set, so no model was asked: set KIMI_API_KEY or GLM_API_KEY ' +
  'in the environment or the .env file to get real answers.';
const REASONING = `${LABEL} No reasoning took place; the reply depends only on the text of the message.`;

const WORDS = /\S+\s*|\s+/g;
const EXCERPT_START = 100;
const EXCERPT_END = 60;

/** @param hasDirective a scripted request comes from a test, which has no use for advice about keys */
export function writeAnswer(request: ChatRequest, settings: Settings, hasDirective: boolean): Answer {
  const words = splitWords(answerText(request, settings, hasDirective));
  const isCut = request.maxTokens !== undefined && words.length > request.maxTokens;
  const kept = isCut ? words.slice(0, request.maxTokens) : words;
  const reasoningTokens = request.thinking ? REASONING_TOKENS : 0;
  const cachedTokens = Math.min(settings.cached ?? 0, request.promptTokens);
  return {
    text: kept.join(''),
    ...(request.thinking ? { reasoning: REASONING } : {}),
    finish: isCut ? 'length' : 'stop',
    promptTokens: request.promptTokens,
    completionTokens: kept.length + reasoningTokens,
    reasoningTokens,
    cachedTokens,
    cacheWrittenTokens: Math.min(settings.cacheWritten ?? 0, request.promptTokens - cachedTokens),
    ...(request.search?.by === 'vendor' ? { sources: findPages(request.prompt, request.search.count) } : {}),
  };
}

const REASONING_TOKENS = splitWords(REASONING).length;

/** Words with the space after them; joined they are the text again. */
export function splitWords(text: string): string[] {
  return text.match(WORDS) ?? [];
}

/** Pieces of a few words, as vendors stream them. */
export function splitPieces(text: string, wordsPerPiece = 3): string[] {
  const words = splitWords(text);
  const pieces: string[] = [];
  for (let index = 0; index < words.length; index += wordsPerPiece) {
    pieces.push(words.slice(index, index + wordsPerPiece).join(''));
  }
  return pieces;
}

/** The start of the prompt on one line, and its end when it is long: callers find their own words again. */
export function excerptOf(prompt: string): string {
  const start = oneLine(prompt.slice(0, EXCERPT_START));
  if (prompt.length <= EXCERPT_START) return start;
  if (prompt.length <= EXCERPT_START + EXCERPT_END) return oneLine(prompt);
  return `${start} … ${oneLine(prompt.slice(-EXCERPT_END))}`;
}

function answerText(request: ChatRequest, settings: Settings, hasDirective: boolean): string {
  const { prompt } = request;
  if (settings.answer !== undefined) return settings.answer;
  if (settings.echo) return prompt;
  const digest = createHash('sha256').update(prompt).digest();
  const sentences = [
    `${LABEL} You wrote: "${excerptOf(prompt)}" (${prompt.length} characters, fingerprint ${digest.toString('hex', 0, 4)}).`,
    ...(request.earlierTurns > 0 ? [`Earlier turns seen: ${request.earlierTurns}.`] : []),
    filler(digest, 0),
    ...(hasDirective ? [] : [KEY_HINT]),
  ];
  return settings.tokens === undefined
    ? sentences.join(' ')
    : stretch(sentences.join(' '), digest, settings.tokens);
}

function filler(digest: Buffer, round: number): string {
  const choose = (list: readonly string[], offset: number): string =>
    list[((digest[(offset + round) % digest.length] ?? 0) + round) % list.length] ?? '';
  return `${choose(OPENINGS, 0)}, ${choose(MIDDLES, 1)} ${choose(ENDINGS, 2)}`;
}

function stretch(text: string, digest: Buffer, tokens: number): string {
  const words = text.split(' ');
  for (let round = 1; words.length < tokens; round++) words.push(...filler(digest, round).split(' '));
  return words.slice(0, tokens).join(' ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
