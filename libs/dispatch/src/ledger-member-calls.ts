import { toExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { type Member, type MemberCalls, type MemberQuestion, type ToolCall } from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { v5 as uuidv5 } from 'uuid';
import { CallLedger } from './call-ledger.js';
import { CallQueue } from './call-queue.js';

/** Takes on the members of calls: a committed row each, then a job each, as the dispatcher does for their parents. */
@Injectable()
export class LedgerMemberCalls {
  constructor(
    private readonly ledger: CallLedger,
    private readonly queue: CallQueue,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(LedgerMemberCalls.name);
  }

  /** The members of one call. Admission is not asked for them: they belong to a call that was admitted. */
  of(call: ToolCall): MemberCalls {
    return { ask: (questions, atOnce) => this.ask(call, questions, atOnce) };
  }

  private async ask(
    call: ToolCall,
    questions: readonly MemberQuestion[],
    atOnce: number,
  ): Promise<readonly (Member | undefined)[]> {
    // The same id for the same question of the same call, so that a repeat of the call finds what it had asked.
    const wanted = questions.map(({ key, args }) => ({ id: uuidv5(key, call.id), args }));
    const ids = wanted.map(({ id }) => id);
    try {
      const there = await this.ledger.members(call.id, ids);
      const open = [...there.values()].filter((outcome) => outcome === undefined).length;
      const next = wanted.filter(({ id }) => !there.has(id)).slice(0, Math.max(0, atOnce - open));
      if (next.length > 0) await this.take(call, next);
      const taken = new Set(next.map(({ id }) => id));
      return ids.map((callId) => {
        const outcome = there.get(callId);
        if (outcome) return { callId, outcome };
        return there.has(callId) || taken.has(callId) ? { callId } : undefined;
      });
    } catch (error) {
      throw toExaiError(error);
    }
  }

  private async take(
    { id: parentId, tool }: ToolCall,
    members: readonly { readonly id: string; readonly args: MemberQuestion['args'] }[],
  ): Promise<void> {
    const accepted = await this.ledger.acceptMembers(parentId, members);
    this.metrics.callsAccepted.inc({ tool }, accepted.length);
    try {
      await this.queue.add(accepted.map((callId) => ({ callId, enqueueNo: 1 })));
    } catch (error) {
      // They stay ACCEPTED; the reconciler enqueues them when the queue is back.
      this.logger.warn({ err: error }, 'the queue took no job; the reconciler will try again');
    }
  }
}
