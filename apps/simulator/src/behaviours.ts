import type { Exchange } from './exchange.js';
import { answer, answerOver, askForTool, filterContent } from './send-answer.js';
import * as stream from './stream-faults.js';
import * as transport from './transport-faults.js';
import { contextTooLong, glmErrorBody, modelNotFound, RATE_LIMITED, VENDOR_ERRORS } from './vendor-errors.js';

/** One way to answer. Adding one is one entry here, and scripts, tests and the log know its name. */
export interface Behaviour {
  readonly name: string;
  /** Names of its numeric arguments, all optional. */
  readonly parameters: readonly string[];
  run(exchange: Exchange, args: readonly number[]): Promise<void> | void;
}

export const OK = behaviour('ok', [], answer);

export const BEHAVIOURS: readonly Behaviour[] = [
  OK,
  behaviour('ok-long', ['seconds'], (exchange, [seconds = 10]) => answerOver(exchange, seconds * 1000)),
  behaviour('tool-calls', [], askForTool),
  behaviour('content-filter', ['status'], (exchange, [status = 200]) => filterContent(exchange, status)),

  behaviour('429', ['seconds'], (exchange, [seconds = 1]) => rateLimit(exchange, String(seconds))),
  behaviour('429-date', ['seconds'], (exchange, [seconds = 2]) => rateLimit(exchange, httpDateIn(seconds))),
  behaviour('429-bare', [], (exchange) => exchange.fail(RATE_LIMITED)),
  ...Object.entries(VENDOR_ERRORS).map(([name, error]) =>
    behaviour(name, [], (exchange) => exchange.fail(error)),
  ),
  behaviour('400-context', [], (exchange) => exchange.fail(contextTooLong(exchange.request))),
  behaviour('404-model', [], (exchange) => exchange.fail(modelNotFound(exchange.request.model))),
  behaviour('glm-error', ['code', 'status'], (exchange, [code = 1302, status = 429]) =>
    exchange.send(status, JSON.stringify(glmErrorBody(code))),
  ),

  behaviour('502-html', [], (exchange) => transport.sendHtml(exchange, 502, '502 Bad Gateway')),
  behaviour('wrong-type', [], (exchange) => transport.sendHtml(exchange, 200, 'Welcome')),
  behaviour('bad-json', [], transport.sendBadJson),
  behaviour('empty-200', [], transport.sendNothing),
  behaviour('empty-choices', [], transport.sendNoChoices),
  behaviour('hang-accept', [], (exchange) => exchange.hang()),
  behaviour('hang-headers', [], transport.hangInHeaders),
  behaviour('hang-mid-stream', [], transport.hangInBody),
  behaviour('cut', [], transport.cutBody),
  behaviour('short-body', [], transport.sendShortBody),
  behaviour('slowloris', ['milliseconds'], (exchange, [ms = 1000]) => transport.sendByteByByte(exchange, ms)),

  // Without `stream: true` there is no stream to spoil: these then answer as `ok` does.
  behaviour('sse-no-done', [], stream.endWithoutDone),
  behaviour('sse-error-event', [], stream.breakOffWithError),
  behaviour('sse-comments-only', ['milliseconds'], (exchange, [ms = 1000]) =>
    stream.sendCommentsOnly(exchange, ms),
  ),
  behaviour('sse-split-utf8', [], stream.splitCharacters),
  behaviour('sse-crlf', [], stream.endLinesWithCrlf),
];

function behaviour(name: string, parameters: readonly string[], run: Behaviour['run']): Behaviour {
  return { name, parameters, run };
}

function rateLimit(exchange: Exchange, retryAfter: string): void {
  exchange.fail(RATE_LIMITED, { 'retry-after': retryAfter });
}

/** HTTP dates carry whole seconds; rounded up so that the wait is never shorter than asked for. */
function httpDateIn(seconds: number): string {
  return new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toUTCString();
}
