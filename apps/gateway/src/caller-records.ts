import { ConversationArchive, type ConversationSummary } from '#libs/conversations';
import { CallLedger } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import {
  CallerRecords,
  type CallRange,
  type CallRecord,
  type RecordOwner,
  type ThreadReport,
  type ThreadSummary,
} from '#libs/tools';
import { Injectable } from '@nestjs/common';

type Call = Awaited<ReturnType<CallLedger['recent']>>[number];

/** What ledger and conversations hold of one caller. */
@Injectable()
export class StoredCallerRecords extends CallerRecords {
  constructor(
    private readonly ledger: CallLedger,
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
