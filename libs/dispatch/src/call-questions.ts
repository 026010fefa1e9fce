import { ExaiError } from '#libs/errors';
import { type InputRequests, type InputResponses } from '#libs/tools';
import { type Pool, type QueryResultRow } from 'pg';
import { validate as isUuid } from 'uuid';
import { type JobTicket } from './call-ledger.js';
import { type ChangeOwner } from './change.js';
import { isEmpty, pendingRequests, responsesBefore, withAnswers } from './pending-requests.js';
import { QUESTION_SQL } from './question-statements.js';

/** How long whoever made a call has to answer a question of it. */
export const ANSWER_TIME_MS = 600_000;

/** Answers that are written at the same moment, each of which makes the others look again. */
const MAX_TRIES = 20;

export interface Question {
  readonly id: string;
  readonly fence: number;
  /** At least one. */
  readonly requests: InputRequests;
  /** All answers given before. */
  readonly responses?: InputResponses | undefined;
}

/** A call that waits for answers. */
export interface OpenQuestion {
  readonly id: string;
  readonly correlationId: string;
  /** 1 for the first question of the call; rises with each. */
  readonly round: number;
  /** Not answered yet. */
  readonly pending: InputRequests;
}

/** Where a call of an owner stands. */
export interface StandingCall {
  readonly id: string;
  readonly correlationId: string;
  readonly tool: string;
  /** The last question that was asked, answered or not; 0 = none. */
  readonly round: number;
  /** Questions without an answer; empty = it waits for none. */
  readonly pending: InputRequests;
  readonly remainingMs: number;
  readonly ageMs: number;
  /** The job that the last answer made. */
  readonly ticket?: JobTicket;
}

interface OpenRow extends QueryResultRow {
  readonly id: string;
  readonly correlationId: string;
  readonly round: number;
  readonly requests: InputRequests;
  readonly responses: InputResponses | null;
}

interface OwnedRow extends QueryResultRow {
  readonly id: string;
  readonly correlationId: string;
  readonly tool: string;
  readonly round: number;
  readonly requests: InputRequests | null;
  readonly responses: InputResponses | null;
  readonly responsesAsStored: string | null;
  readonly remainingMs: number;
  readonly ageMs: number;
}

/** Questions of calls to whoever made them, in the row of the call: they outlive every process. */
export class CallQuestions {
  /**
   * @param channel NOTIFY channel that a question announces itself on, when PostgreSQL is the carrier
   * @param maxCallMs what a call may take; questions prolong it, all together by the time for one answer
   */
  constructor(
    private readonly pool: Pool,
    private readonly channel: string | undefined,
    private readonly maxCallMs: number,
  ) {}

  /** Lets the call wait for answers. False when the fence was lost. */
  async ask({ id, fence, requests, responses }: Question): Promise<boolean> {
    const values = [
      id,
      fence,
      JSON.stringify(requests),
      JSON.stringify(responsesBefore(requests, responses)),
      ANSWER_TIME_MS,
      this.longestMs,
    ];
    return (await this.query('question-ask', QUESTION_SQL.ask(this.channel), values)).length > 0;
  }

  /** Those of the calls that wait for answers. Not owner-checked: for waiters of this process. */
  async open(ids: readonly string[]): Promise<OpenQuestion[]> {
    const rows = await this.query<OpenRow>('question-open', QUESTION_SQL.open, [ids]);
    return rows.map(({ id, correlationId, round, requests, responses }) => ({
      id,
      correlationId,
      round,
      pending: pendingRequests(requests, responses),
    }));
  }

  /** @throws ExaiError NOT_FOUND for a call that is unknown or of somebody else */
  async find(owner: ChangeOwner, id: string): Promise<StandingCall> {
    return toStanding(await this.owned(owner, id));
  }

  /**
   * Writes answers down. Those to questions that are not open change nothing; with the last missing one the call is
   * queued again, and the ticket is to be handed to the queue.
   * @param round the question that is answered; absent = whichever is open
   * @throws ExaiError NOT_FOUND for a call that is unknown or of somebody else
   */
  async answer(owner: ChangeOwner, id: string, given: InputResponses, round?: number): Promise<StandingCall> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const row = await this.owned(owner, id);
      if (!row.requests || (round !== undefined && round !== row.round)) return toStanding(row);
      const responses = withAnswers(row.requests, row.responses, given);
      const answered = { ...row, responses };
      const pending = pendingRequests(row.requests, responses);
      const isLast = isEmpty(pending);
      const written = await this.write(isLast, [
        id,
        row.round,
        row.responsesAsStored,
        JSON.stringify(responses),
      ]);
      if (!written) continue;
      const { remainingMs, enqueueNo } = written;
      const standing = toStanding({ ...answered, remainingMs });
      return isLast ? { ...standing, ticket: { callId: id, enqueueNo } } : standing;
    }
    throw new ExaiError('STORE_UNAVAILABLE');
  }

  private async write(
    isLast: boolean,
    values: readonly unknown[],
  ): Promise<{ enqueueNo: number; remainingMs: number } | undefined> {
    const rows = isLast
      ? await this.query('question-answer', QUESTION_SQL.answerAll, [...values, this.longestMs])
      : await this.query('question-keep', QUESTION_SQL.keepAnswers, [...values]);
    return rows[0] as { enqueueNo: number; remainingMs: number } | undefined;
  }

  private get longestMs(): number {
    return this.maxCallMs + ANSWER_TIME_MS;
  }

  private async owned(owner: ChangeOwner, id: string): Promise<OwnedRow> {
    if (!isUuid(id)) throw new ExaiError('NOT_FOUND');
    const values = [id, owner.tenant, owner.subject];
    const [row] = await this.query<OwnedRow>('question-owned', QUESTION_SQL.ofOwner, values);
    if (!row) throw new ExaiError('NOT_FOUND');
    return row;
  }

  private async query<R extends QueryResultRow>(name: string, text: string, values: unknown[]): Promise<R[]> {
    return (await this.pool.query<R>({ name, text, values })).rows;
  }
}

function toStanding({
  id,
  correlationId,
  tool,
  round,
  requests,
  responses,
  ...times
}: OwnedRow): StandingCall {
  const pending = requests ? pendingRequests(requests, responses) : {};
  return { id, correlationId, tool, round, pending, remainingMs: times.remainingMs, ageMs: times.ageMs };
}
