import { type Config } from '#libs/config';
import { type LoggerService } from '@nestjs/common';
import { type Params } from 'nestjs-pino';
import { pino, stdSerializers, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { createRedactor } from './redact.js';
import { currentContext } from './request-context.js';

export type { Logger };

function loggerOptions(config: Config, processName: string): LoggerOptions {
  const redact = createRedactor(config.secrets);
  return {
    level: config.observability.logLevel,
    base: { process: processName, pid: process.pid },
    // A copy, because pino adds its own bindings to what the mixin returns.
    mixin: () => ({ ...currentContext() }),
    serializers: { err: (error: unknown) => redact(error), req: stdSerializers.req, res: stdSerializers.res },
    formatters: { log: (line) => redact(line) as Record<string, unknown> },
    hooks: {
      logMethod(args, method) {
        method.apply(this, args.map((arg) => (typeof arg === 'string' ? redact(arg) : arg)) as typeof args);
      },
    },
  };
}

/**
 * One logger per process, always on stderr: stdout belongs to results and, in stdio mode, to the protocol.
 * @param processName appears in each line as `process`.
 */
export async function createLogger(config: Config, processName: string): Promise<Logger> {
  return pino(loggerOptions(config, processName), await destination(config));
}

async function destination(config: Config): Promise<DestinationStream> {
  if (config.observability.logFormat === 'json') return pino.destination({ dest: 2, sync: false });
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY,
    ignore: 'pid,process,context,correlationId,callId',
    messageFormat: '{process} {context} {msg} {callId}',
    translateTime: 'HH:MM:ss',
  });
}

/** Nest's logger module over our logger; requests are not logged one by one, calls are. */
export function loggerModuleParams(logger: Logger): Params {
  return { pinoHttp: { logger, autoLogging: false }, forRoutes: [], useExisting: true };
}

/** Nest's own messages: its start-up chatter is for debugging, its warnings and errors are for everybody. */
export function nestLogger(logger: Logger): LoggerService {
  const write =
    (level: 'error' | 'warn' | 'debug' | 'trace') =>
    (message: unknown, ...rest: unknown[]) => {
      const context = rest.at(-1);
      // A failed start is told once, as one sentence, by `runServerProcess`.
      if (context === 'ExceptionHandler') return;
      if (message instanceof Error) logger[level]({ err: message, context });
      else logger[level]({ context, ...(rest.length > 1 && { detail: rest[0] }) }, String(message));
    };
  return {
    log: write('debug'),
    error: write('error'),
    warn: write('warn'),
    debug: write('debug'),
    verbose: write('trace'),
  };
}
