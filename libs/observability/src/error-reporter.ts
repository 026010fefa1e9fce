import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { Metrics } from './metrics.js';

/** The part of an error envelope that is worth remembering; never content. */
export interface ReportedError {
  readonly code: string;
  readonly category: string;
  readonly retryable: boolean;
  readonly correlationId: string;
  readonly message: string;
}

export interface RememberedError {
  readonly at: Date;
  readonly code: string;
  readonly correlationId: string;
  readonly tool?: string;
}

const REMEMBERED = 100;

/** Where errors that left this process are counted, logged and remembered. Called once per error, at the edge. */
@Injectable()
export class ErrorReporter {
  private readonly newest: RememberedError[] = [];

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ErrorReporter.name);
  }

  report(error: ReportedError, tool?: string): void {
    const { code, category, retryable, correlationId, message } = error;
    this.metrics.errors.inc({ code, category, retryable: String(retryable) });
    this.newest.unshift({ at: new Date(), code, correlationId, ...(tool !== undefined && { tool }) });
    if (this.newest.length > REMEMBERED) this.newest.pop();
    this.logger.warn({ code, category, tool, correlationId }, message);
  }

  /** Newest first. */
  recent(limit: number): readonly RememberedError[] {
    return this.newest.slice(0, limit);
  }
}
