import * as content from './content-faults.js';
import type { Exchange } from './exchange.js';
import * as oversize from './oversize-faults.js';
import { redirectToItself, redirectToPrivate } from './redirects.js';
import { answer, answerOver, askForTool, filterContent } from './send-answer.js';
import * as stream from './stream-faults.js';
import * as transport from './transport-faults.js';
import { glmErrorBody, kimiError } from './vendor-codes.js';
import { contextTooLong, modelNotFound, RATE_LIMITED, VENDOR_ERRORS } from './vendor-errors.js';

/** One way to answer. Adding one is one entry here, and scripts, tests and the log know its name. */
export interface Behaviour {
  readonly name: string;
  /** Other names for it in scripts. */
  readonly aliases: readonly string[];
  /** Names of its numeric arguments, all optional. */
  readonly parameters: readonly string[];
  /** Its argument is one text instead, optional as well. */
  readonly takesText: boolean;
  run(exchange: Exchange, args: readonly number[], text: string | undefined): Promise<void> | void;
}

export const OK = behaviour('ok', [], answer);

// Not here: `bad-tls` and `expired-tls` belong to a listener and its certificate, not to a request.
export const BEHAVIOURS: readonly Behaviour[] = [
  OK,
  behaviour('ok-long', ['seconds'], (exchange, [seconds = 10]) => answerOver(exchange, seconds * 1000)),
  behaviour('tool-calls', ['count'], (exchange, [count = 1]) => askForTool(exchange, count)),
  behaviour('tool-calls-and-search', ['count'], (exchange, [count = 1]) => askForTool(exchange, count, true)),
  behaviour('unexpected-tool-calls', [], content.askForUnknownTool),
  behaviour('content-filter', ['status'], (exchange, [status = 200]) => filterContent(exchange, status)),

  {
    ...behaviour('429-seconds', ['seconds'], (exchange, [seconds = 1]) =>
      rateLimit(exchange, String(seconds)),
    ),
    aliases: ['429'],
  },
  behaviour('429-date', ['seconds'], (exchange, [seconds = 2]) => rateLimit(exchange, httpDateIn(seconds))),
  behaviour('429-bare', [], (exchange) => exchange.fail(RATE_LIMITED)),
  ...Object.entries(VENDOR_ERRORS).map(([name, error]) =>
    behaviour(name, [], (exchange) => exchange.fail(error)),
  ),
  behaviour('400-context', [], (exchange) => exchange.fail(contextTooLong(exchange.request))),
  behaviour('404-model', [], (exchange) => exchange.fail(modelNotFound(exchange.request.model))),
  behaviour('glm-error', ['code', 'status', 'seconds'], (exchange, [code = 1302, status = 429, seconds]) =>
    exchange.send(status, JSON.stringify(glmErrorBody(code, seconds))),
  ),
  textBehaviour('kimi-error', (exchange, type) => exchange.fail(kimiError(type))),

  // Closes the port for everyone, so whoever uses it needs a simulator of his own.
  behaviour('refuse', ['milliseconds'], (exchange, [ms = 1000]) => exchange.refuse(ms)),
  behaviour('502-html', [], (exchange) => transport.sendHtml(exchange, 502, '502 Bad Gateway')),
  behaviour('wrong-type', [], (exchange) => transport.sendHtml(exchange, 200, 'Welcome')),
  behaviour('bad-json', [], transport.sendBadJson),
  behaviour('empty-200', [], transport.sendNothing),
  behaviour('empty-choices', [], transport.sendNoChoices),
  behaviour('hang-accept', [], (exchange) => exchange.hang()),
  behaviour('hang-headers', [], transport.hangInHeaders),
  behaviour('hang-mid-stream', [], transport.hangInBody),
  { ...behaviour('rst-mid-body', [], transport.cutBody), aliases: ['cut'] },
  behaviour('short-body', [], transport.sendShortBody),
  behaviour('slowloris', ['milliseconds'], (exchange, [ms = 1000]) => transport.sendByteByByte(exchange, ms)),
  textBehaviour('redirect-private', redirectToPrivate),
  behaviour('redirect-loop', [], redirectToItself),

  behaviour('huge', ['mebibytes', 'one event'], (exchange, [mebibytes = 200, isOneEvent = 0]) =>
    oversize.sendHuge(exchange, mebibytes, isOneEvent > 0),
  ),
  behaviour('gzip-bomb', ['mebibytes'], (exchange, [mebibytes = 200]) =>
    oversize.sendGzipBomb(exchange, mebibytes),
  ),
  behaviour('header-flood', ['kibibytes'], (exchange, [kibibytes = 128]) =>
    oversize.floodHeaders(exchange, kibibytes),
  ),
  behaviour('nul-bytes', ['raw'], (exchange, [isRaw = 0]) => content.sendNulBytes(exchange, isRaw > 0)),
  behaviour('json-number-overflow', [], content.overflowNumbers),

  // Without `stream: true` there is no stream to spoil: these then answer as `ok` does.
  behaviour('sse-no-done', [], stream.endWithoutDone),
  behaviour('sse-error-event', [], stream.breakOffWithError),
  behaviour('sse-comments-only', ['milliseconds'], (exchange, [ms = 1000]) =>
    stream.sendCommentsOnly(exchange, ms),
  ),
  behaviour('sse-split-utf8', [], stream.splitCharacters),
  behaviour('sse-crlf', [], stream.endLinesWithCrlf),
  behaviour('sse-bom', [], stream.beginWithByteOrderMark),
  behaviour('dup-chunk', ['part'], (exchange, [part = 0]) => stream.repeatChunks(exchange, part)),
];

function behaviour(name: string, parameters: readonly string[], run: Behaviour['run']): Behaviour {
  return { name, aliases: [], parameters, takesText: false, run };
}

function textBehaviour(name: string, run: (exchange: Exchange, text: string | undefined) => void): Behaviour {
  return { ...behaviour(name, [], (exchange, _args, text) => run(exchange, text)), takesText: true };
}

function rateLimit(exchange: Exchange, retryAfter: string): void {
  exchange.fail(RATE_LIMITED, { 'retry-after': retryAfter });
}

/** HTTP dates carry whole seconds; rounded up so that the wait is never shorter than asked for. */
function httpDateIn(seconds: number): string {
  return new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toUTCString();
}
