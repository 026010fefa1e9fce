import { toEnvelope, toExaiError } from '#libs/errors';
import { ErrorReporter, runInContext } from '#libs/observability';
import { ProtocolError, type ServerContext } from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { v7 as uuidv7 } from 'uuid';
import { traceOf } from './call-meta.js';
import { toProtocolError } from './protocol-errors.js';

/** Around every request but `tools/call`: what fails leaves as a JSON-RPC error of the catalogue, never raw. */
@Injectable()
export class RequestBoundary {
  constructor(
    private readonly errors: ErrorReporter,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(RequestBoundary.name);
  }

  /** @throws ProtocolError */
  async run<T>(ctx: ServerContext, work: () => Promise<T> | T): Promise<T> {
    const correlationId = traceOf(ctx) ?? uuidv7();
    return runInContext({ correlationId }, async () => {
      try {
        return await work();
      } catch (thrown) {
        if (thrown instanceof ProtocolError) throw thrown;
        const error = toExaiError(thrown);
        this.errors.report(toEnvelope(error, { correlationId }));
        if (error.code === 'INTERNAL') this.logger.error({ err: thrown }, 'request failed');
        throw toProtocolError(error, { correlationId });
      }
    });
  }
}
