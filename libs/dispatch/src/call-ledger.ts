import { type ErrorEnvelope } from '#libs/errors';
import { type FailedCandidate, type ToolCall, type ToolOutcome, type ToolPayload } from '#libs/tools';
import { type OnApplicationShutdown } from '@nestjs/common';
import { type Pool, type QueryResultRow } from 'pg';
import {
  type CallReport,
  type CallsWanted,
  type CallSummary,
  type FinishedCall,
  type StartedAttempt,
  type TerminalState,
} from './call-state.js';
import { againAfterDeadlock } from './deadlock.js';
import {
  acceptColumns,
  identityColumns,
  toAttempt,
  toFinished,
  toReport,
  type EndedCall,
  type FinishedRow,
  type MemberRow,
  type ReportRow,
  type StartedRow,
} from './ledger-rows.js';
import { SQL } from './ledger-statements.js';
import { TickBatch } from './tick-batch.js';

export interface JobTicket {
  readonly callId: string;
  readonly enqueueNo: number;
}

/** Nobody waits for the record of an inline call; a statement for every few of them would cost more than they do. */
const RECORD_GAP_MS = 20;
const MAX_RECORDS = 64;

/** How much earlier than the call itself its members end. */
const MEMBER_RESERVE_MS = 5_000;

export interface NewMember {
  readonly id: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface ReleasedStart {
  readonly id: string;
  readonly fence: number;
  /** Until the job is due again. */
  readonly delayMs: number;
}

export interface TerminalWrite {
  readonly id: string;
  readonly fence: number;
  readonly state: TerminalState;
  /** The answer; beside an error, work that was done before the call failed. */
  readonly payload?: ToolPayload;
  readonly error?: ErrorEnvelope;
}

/**
 * The truth about every call, in table `tool_calls`. Accepting is one committed row; ending is one
 * compare-and-set on the fence, so that of two workers on one call only the later one counts.
 */
export class CallLedger implements OnApplicationShutdown {
  private readonly accepts = new TickBatch<ToolCall, void>((calls) => this.acceptAll(calls));
  private readonly starts = new TickBatch<JobTicket, StartedAttempt | undefined>((t) => this.startAll(t));
  private readonly releases = new TickBatch<ReleasedStart, boolean>((starts) => this.releaseAll(starts));
  private readonly ends = new TickBatch<TerminalWrite, boolean>((writes) => this.finishAll(writes));
  private readonly records = new TickBatch<EndedCall, void>(
    (calls) => this.recordAll(calls),
    MAX_RECORDS,
    RECORD_GAP_MS,
  );
  private readonly reads = new TickBatch<string, FinishedCall | undefined>((ids) => this.readAll(ids));

  /**
   * @param pool the data source's own pool: statements are prepared once per connection
   * @param lazyPool its commits do not wait for the disk: for writes that may be repeated after a crash
   * @param channel NOTIFY channel that a terminal write announces itself on, when PostgreSQL is the carrier
   */
  constructor(
    private readonly pool: Pool,
    private readonly lazyPool: Pool,
    private readonly channel: string | undefined,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.records.drain();
    await this.lazyPool.end();
  }

  /** Resolves when the row is committed: from then on the call cannot be lost. */
  accept(call: ToolCall): Promise<void> {
    return this.accepts.add(call);
  }

  /** Writes down a call that was answered without the queue. */
  record(ended: EndedCall): Promise<void> {
    return this.records.add(ended);
  }

  /** Takes the call for one attempt, or undefined when it is over, superseded or unknown. */
  start(ticket: JobTicket): Promise<StartedAttempt | undefined> {
    return this.starts.add(ticket);
  }

  /** False when the call already ended or a later attempt holds it: the result is stale. */
  finish(write: TerminalWrite): Promise<boolean> {
    return this.ends.add(write);
  }

  /** The terminal row, or undefined while the call is open. Not owner-checked: for waiters of this process. */
  find(id: string): Promise<FinishedCall | undefined> {
    return this.reads.add(id);
  }

  /** Puts the call back in the waiting state after a failed attempt. False when the fence was lost. */
  async retryLater(
    id: string,
    fence: number,
    failure: FailedCandidate | undefined,
    delayMs: number,
  ): Promise<boolean> {
    const rows = await this.query('ledger-retry', SQL.retry, [
      id,
      fence,
      JSON.stringify(failure ? [failure] : []),
      delayMs,
    ]);
    return rows.length > 0;
  }

  /** Takes a start back that came to nothing; it does not count. False when the fence was lost. */
  release(start: ReleasedStart): Promise<boolean> {
    return this.releases.add(start);
  }

  /**
   * Ends an open call and its members, whoever holds them.
   * @returns the ids of those that this ended: none that had already ended
   */
  async end(id: string, state: 'CANCELLED' | 'EXPIRED', error: ErrorEnvelope): Promise<string[]> {
    const values = [id, state, JSON.stringify(error)];
    const ended: string[] = [];
    // A member that was being taken on while the first statement ran is seen by the second one only.
    for (let run = 0; run < 2; run += 1) {
      // A worker that ends several members at once may lock them in another order.
      const rows = await againAfterDeadlock(() => this.query<{ id: string }>('ledger-end', SQL.end, values));
      ended.push(...rows.map((row) => row.id));
    }
    return ended;
  }

  /**
   * Takes on members of an open call; those that are there stay as they are.
   * @returns the ids of the new ones; none when the call has ended
   */
  async acceptMembers(parentId: string, members: readonly NewMember[]): Promise<string[]> {
    const ids = members.map(({ id }) => id);
    const args = members.map((member) => JSON.stringify(member.args));
    const values = [parentId, ids, args, MEMBER_RESERVE_MS];
    const rows = await this.query<{ id: string }>('ledger-accept-members', SQL.acceptMembers, values);
    return rows.map(({ id }) => id);
  }

  /** Those of these members that are there: what became of each, undefined while it is open. */
  async members(
    parentId: string,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, ToolOutcome | undefined>> {
    const rows = await this.query<MemberRow>('ledger-members', SQL.members, [parentId, ids]);
    return new Map(rows.map((row) => [row.id, row.isOver ? toFinished(row).outcome : undefined]));
  }

  /** Tells that these attempts are alive; answers the ids that are still theirs. */
  async heartbeat(held: readonly { id: string; fence: number }[]): Promise<Set<string>> {
    const columns = [held.map(({ id }) => id), held.map(({ fence }) => fence)];
    const rows = await this.query<{ id: string }>('ledger-heartbeat', SQL.heartbeat, columns, this.lazyPool);
    return new Set(rows.map(({ id }) => id));
  }

  async findFinished(ids: readonly string[]): Promise<string[]> {
    const rows = await this.query<{ id: string }>('ledger-finished', SQL.finished, [ids]);
    return rows.map(({ id }) => id);
  }

  async exists(id: string): Promise<boolean> {
    return (await this.query('ledger-exists', SQL.exists, [id])).length > 0;
  }

  /** Claims open calls that nobody has touched for `idleMs`; a claim keeps other reconcilers off as long. */
  async claimQuiet(idleMs: number, limit: number): Promise<JobTicket[]> {
    return this.query<{ callId: string; enqueueNo: number }>('ledger-quiet', SQL.claimQuiet, [idleMs, limit]);
  }

  /** Moves the call to its next job. Undefined when it ended or another reconciler was first. */
  async requeue({ callId, enqueueNo }: JobTicket): Promise<JobTicket | undefined> {
    const rows = await this.query<{ enqueueNo: number }>('ledger-requeue', SQL.requeue, [callId, enqueueNo]);
    return rows[0] && { callId, enqueueNo: rows[0].enqueueNo };
  }

  async findOverdue(limit: number): Promise<{ id: string; correlationId: string; state: string }[]> {
    return this.query('ledger-overdue', SQL.overdue, [limit]);
  }

  /** Drops arguments and answers past their keeping time; metadata stays. */
  async dropContent(olderThanMs: number, limit: number): Promise<void> {
    await this.query('ledger-drop-content', SQL.dropContent, [olderThanMs, limit]);
  }

  /** A call of this owner; undefined for an unknown and for a foreign id alike. */
  async report(id: string, owner: { tenant: string; subject: string }): Promise<CallReport | undefined> {
    const rows = await this.query<ReportRow>('ledger-report', SQL.report, [id, owner.tenant, owner.subject]);
    return rows[0] && toReport(rows[0]);
  }

  /** Calls of this owner, newest first. */
  async recent(
    owner: { tenant: string; subject: string },
    { limit, since, until }: CallsWanted,
  ): Promise<CallSummary[]> {
    const values = [owner.tenant, owner.subject, limit, since ?? null, until ?? null];
    return this.query<CallSummary>('ledger-recent', SQL.recent, values);
  }

  async ping(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  private async query<R extends QueryResultRow>(
    name: string,
    text: string,
    values: unknown[],
    pool = this.pool,
  ): Promise<R[]> {
    return (await pool.query<R>({ name, text, values })).rows;
  }

  private async acceptAll(calls: readonly ToolCall[]): Promise<void[]> {
    await this.query('ledger-accept', SQL.accept, acceptColumns(calls));
    return calls.map(() => undefined);
  }

  private async recordAll(calls: readonly EndedCall[]): Promise<void[]> {
    const now = Date.now();
    const columns = [
      ...identityColumns(calls.map(({ call }) => call)),
      calls.map(({ call }) => Math.max(0, now - call.createdAt)),
      calls.map(({ outcome }) => (outcome.ok ? 'COMPLETED' : 'FAILED')),
      calls.map(({ outcome, keepsAnswer }) =>
        outcome.ok && keepsAnswer ? JSON.stringify(outcome.payload) : null,
      ),
      calls.map(({ outcome }) => (outcome.ok ? null : JSON.stringify(outcome.error))),
    ];
    await this.query('ledger-record', SQL.record, columns, this.lazyPool);
    return calls.map(() => undefined);
  }

  private async startAll(tickets: readonly JobTicket[]): Promise<(StartedAttempt | undefined)[]> {
    const columns = [tickets.map(({ callId }) => callId), tickets.map(({ enqueueNo }) => enqueueNo)];
    const rows = await this.query<StartedRow>('ledger-start', SQL.start, columns, this.lazyPool);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return tickets.map(({ callId }) => {
      const row = byId.get(callId);
      // Two jobs of one call in one batch: the row was taken once, so it is handed out once.
      byId.delete(callId);
      return row && toAttempt(row);
    });
  }

  private async releaseAll(starts: readonly ReleasedStart[]): Promise<boolean[]> {
    const columns = [
      starts.map(({ id }) => id),
      starts.map(({ fence }) => fence),
      starts.map(({ delayMs }) => Math.ceil(delayMs)),
    ];
    const rows = await this.query<{ id: string }>('ledger-release', SQL.release, columns, this.lazyPool);
    const released = new Set(rows.map(({ id }) => id));
    return starts.map(({ id }) => released.has(id));
  }

  private async finishAll(writes: readonly TerminalWrite[]): Promise<boolean[]> {
    const rows = await this.query<{ id: string }>('ledger-finish', SQL.finish(this.channel), [
      writes.map(({ id }) => id),
      writes.map(({ fence }) => fence),
      writes.map(({ state }) => state),
      writes.map(({ payload }) => (payload ? JSON.stringify(payload) : null)),
      writes.map(({ error }) => (error ? JSON.stringify(error) : null)),
      writes.map(({ payload }) => payload?.metadata.provider_used ?? null),
      writes.map(({ payload }) => payload?.metadata.model_used ?? null),
      writes.map(({ payload }) => payload?.metadata.usage?.input_tokens ?? null),
      writes.map(({ payload }) => payload?.metadata.usage?.output_tokens ?? null),
      writes.map(({ payload }) => payload?.metadata.usage?.cached_tokens ?? null),
      writes.map(({ payload }) => payload?.metadata.usage?.reasoning_tokens ?? null),
      writes.map(({ payload }) => payload?.metadata.cost_usd ?? null),
    ]);
    const done = new Set(rows.map(({ id }) => id));
    return writes.map(({ id }) => done.has(id));
  }

  private async readAll(ids: readonly string[]): Promise<(FinishedCall | undefined)[]> {
    const rows = await this.query<FinishedRow>('ledger-read', SQL.read, [ids]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => {
      const row = byId.get(id);
      return row && toFinished(row);
    });
  }
}
