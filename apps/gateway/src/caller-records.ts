import { ConversationArchive, type ConversationSummary } from '#libs/conversations';
import { CallLedger, type CallReport, CallWaiters } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import {
  CallerRecords,
  type CallOutcome,
  type CallRange,
  type CallRecord,
  type RecordOwner,
  type ThreadReport,
  type ThreadSummary,
  type ToolPayload,
} from '#libs/tools';
import { Injectable } from '@nestjs/common';

type Call = Awaited<ReturnType<CallLedger['recent']>>[number];

/** What ledger and conversations hold of one caller. */
@Injectable()
export class StoredCallerRecords extends CallerRecords {
  constructor(
    private readonly ledger: CallLedger,
    private readonly waiters: CallWaiters,
    private readonly archive: ConversationArchive,
  ) {
    super();
  }

  override async calls(owner: RecordOwner, range: CallRange): Promise<CallRecord[]> {
    try {
      return (await this.ledger.recent(owner, range)).map(callRecord);
    } catch (error) {
      throw new ExaiError('STORE_UNAVAILABLE', {}, { cause: error });
    }
  }

  override async outcome(owner: RecordOwner, id: string, waitMs = 0): Promise<CallOutcome> {
    const report = await this.settledReport(owner, id, waitMs);
    if (!report) throw new ExaiError('NOT_FOUND');
    const age = Date.now() - report.acceptedAt.getTime();
    return {
      call_id: report.id,
      tool: report.tool,
      state: report.state,
      // The database's clock may be a little ahead of this one.
      seconds_since_accepted: Math.max(0, Math.round(age / 1_000)),
      ...(report.inputRequests && { input_requests: report.inputRequests }),
      ...(report.finishedAt && { payload: payloadOf(report, report.finishedAt) }),
    };
  }

  override async threads(owner: RecordOwner, limit: number): Promise<ThreadSummary[]> {
    return (await this.archive.list(owner, limit)).map(threadSummary);
  }

  override async thread(owner: RecordOwner, id: string, messages: number): Promise<ThreadReport> {
    const { turns, ...summary } = await this.archive.read(id, owner, messages);
    return {
      ...threadSummary(summary),
      messages: turns.map(({ at, ...turn }) => ({ ...turn, at: at.toISOString() })),
    };
  }

  override deleteThread(owner: RecordOwner, id: string): Promise<void> {
    return this.archive.delete(id, owner);
  }

  private async settledReport(
    owner: RecordOwner,
    id: string,
    waitMs: number,
  ): Promise<CallReport | undefined> {
    const report = await this.report(owner, id);
    if (!report || report.finishedAt || report.inputRequests || waitMs === 0) return report;
    await this.waiters.join(id, waitMs, { onProgress: () => undefined }).result;
    return this.report(owner, id);
  }

  private async report(owner: RecordOwner, id: string): Promise<CallReport | undefined> {
    try {
      return await this.ledger.report(id, owner);
    } catch (error) {
      throw new ExaiError('STORE_UNAVAILABLE', {}, { cause: error });
    }
  }
}

/** As the caller got it, or would have. */
function payloadOf(
  { result, error, tool, state, correlationId, acceptedAt }: CallReport,
  end: Date,
): ToolPayload {
  if (error) {
    const metadata = {
      ...result?.metadata,
      tool_name: tool,
      correlation_id: correlationId,
      duration_ms: Math.max(0, end.getTime() - acceptedAt.getTime()),
    };
    return { ...result, status: 'error', error, metadata };
  }
  if (result) return result;
  throw new ExaiError(
    'NOT_FOUND',
    {},
    {
      wording: {
        message: `The call of ${tool} ended as ${state}, and its answer is no longer kept.`,
        hint: 'Send the call again if the answer is still needed.',
      },
    },
  );
}

function callRecord(call: Call): CallRecord {
  const { acceptedAt, finishedAt, provider, model, inputTokens, outputTokens, costUsd, errorCode } = call;
  return {
    call_id: call.id,
    ...(call.parentId !== null && { parent_call_id: call.parentId }),
    tool: call.tool,
    state: call.state,
    accepted_at: acceptedAt.toISOString(),
    ...(finishedAt && { duration_ms: finishedAt.getTime() - acceptedAt.getTime() }),
    attempts: call.attempts,
    correlation_id: call.correlationId,
    ...(errorCode !== null && { error_code: errorCode }),
    ...(provider !== null && { provider }),
    ...(model !== null && { model }),
    ...(inputTokens !== null && { input_tokens: inputTokens }),
    ...(outputTokens !== null && { output_tokens: outputTokens }),
    ...(costUsd !== null && { cost_usd: costUsd }),
  };
}

function threadSummary(thread: ConversationSummary): ThreadSummary {
  return {
    continuation_id: thread.id,
    tool: thread.tool,
    turns: thread.turnCount,
    created_at: thread.createdAt.toISOString(),
    last_activity_at: thread.lastActivityAt.toISOString(),
    expires_at: thread.expiresAt.toISOString(),
  };
}
