import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type JobTicket } from './call-ledger.js';
import { CallQueue } from './call-queue.js';
import { TickBatch } from './tick-batch.js';

/** Brings the jobs of committed calls to the queue, those of one event-loop turn together. */
@Injectable()
export class JobHandOver {
  private readonly tickets = new TickBatch<JobTicket, void>((tickets) => this.add(tickets));

  constructor(
    private readonly queue: CallQueue,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(JobHandOver.name);
  }

  /** Nobody waits for it: what the queue does not take, the reconciler brings again. */
  give(ticket: JobTicket): void {
    this.tickets.add(ticket).catch(() => undefined);
  }

  private async add(tickets: readonly JobTicket[]): Promise<void[]> {
    try {
      await this.queue.add(tickets);
    } catch (error) {
      this.logger.warn({ err: error }, 'the queue took no job; the reconciler will try again');
    }
    return tickets.map(() => undefined);
  }
}
