import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { QueryFailedError, type Repository } from 'typeorm';
import { ConversationEntity } from './conversation.entity.js';
import { type Conversation, type Exchange, type Turn, TURNS_PER_EXCHANGE } from './conversation.js';
import { TurnEntity } from './turn.entity.js';

export interface ConversationOwner {
  readonly tenant: string;
  readonly subject: string;
}

interface Thread {
  readonly id: string;
  readonly owner: ConversationOwner;
  readonly tool: string;
  readonly turns: readonly Turn[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const UNIQUE_VIOLATION = '23505';

/**
 * One statement, hence one transaction and one round trip. The upsert locks the conversation's row, so that
 * concurrent commits get consecutive numbers; a call that has written already writes nothing.
 */
const COMMIT = `
  WITH earlier AS (
    SELECT conversation_id FROM messages WHERE call_id = $1 LIMIT 1
  ), thread AS (
    INSERT INTO conversations AS c (id, tenant_id, principal_id, tool_name, turn_count, expires_at)
    SELECT $2::uuid, $3::text, $4::text, $5::text, 2, clock_timestamp() + $6::float8 * interval '1 millisecond'
    WHERE NOT EXISTS (SELECT 1 FROM earlier)
    ON CONFLICT (id) DO UPDATE SET
      turn_count = c.turn_count + 2,
      last_activity_at = clock_timestamp(),
      expires_at = excluded.expires_at
    WHERE c.turn_count + 2 <= $7
    RETURNING c.id, c.turn_count
  ), written AS (
    INSERT INTO messages
      (conversation_id, seq, role, content, tool_name, provider, model, files, usage, call_id)
    SELECT thread.id, thread.turn_count - 1, 'user', $8::text, $5::text, NULL, NULL, $9::jsonb, NULL, $1::uuid
      FROM thread
    UNION ALL
    SELECT thread.id, thread.turn_count, 'assistant', $10::text, $5::text, $11::text, $12::text, '[]', $13::jsonb, $1::uuid
      FROM thread
  )
  SELECT (SELECT conversation_id FROM earlier) AS earlier, (SELECT id FROM thread) AS written`;

@Injectable()
export class ConversationStore {
  constructor(
    @InjectRepository(ConversationEntity) private readonly conversations: Repository<ConversationEntity>,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Without an id: a new conversation, which is written by its first commit only.
   * @throws ExaiError CONVERSATION_EXPIRED for an id that is malformed, unknown, expired or somebody else's:
   * one answer for all. CONVERSATION_FULL when no exchange fits any more.
   */
  async open(id: string | undefined, owner: ConversationOwner, tool: string): Promise<Conversation> {
    const turns = id === undefined ? [] : await this.load(id, owner);
    const { maxTurns } = this.config.conversations;
    if (id !== undefined && turns.length + TURNS_PER_EXCHANGE > maxTurns) throw full(maxTurns);
    const thread: Thread = { id: id?.toLowerCase() ?? randomUUID(), owner, tool, turns };
    return new OpenConversation(thread, maxTurns, (callId, exchange) => this.write(thread, callId, exchange));
  }

  private async load(id: string, owner: ConversationOwner): Promise<Turn[]> {
    if (!UUID.test(id)) throw new ExaiError('CONVERSATION_EXPIRED');
    const found = await this.find(id, owner);
    if (found === null) throw new ExaiError('CONVERSATION_EXPIRED');
    return found.turns.map(toTurn);
  }

  private async find(id: string, owner: ConversationOwner): Promise<{ turns: TurnEntity[] } | null> {
    try {
      return (await this.conversations
        .createQueryBuilder('conversation')
        .leftJoinAndMapMany(
          'conversation.turns',
          TurnEntity,
          'turn',
          'turn.conversation_id = conversation.id',
        )
        .where('conversation.id = :id', { id })
        .andWhere('conversation.tenant_id = :tenant', { tenant: owner.tenant })
        .andWhere('conversation.principal_id = :subject', { subject: owner.subject })
        .andWhere('conversation.expires_at > clock_timestamp()')
        .orderBy('turn.seq')
        .getOne()) as (ConversationEntity & { turns: TurnEntity[] }) | null;
    } catch (error) {
      throw unavailable(error);
    }
  }

  private async write(thread: Thread, callId: string, exchange: Exchange, repeated = false): Promise<string> {
    const { ttlMs, maxTurns } = this.config.conversations;
    const { user, assistant } = exchange;
    try {
      const rows = await this.conversations.query<{ earlier: string | null; written: string | null }[]>(
        COMMIT,
        [
          callId,
          thread.id,
          thread.owner.tenant,
          thread.owner.subject,
          thread.tool,
          ttlMs,
          maxTurns,
          storable(user.content),
          JSON.stringify(user.files ?? []),
          storable(assistant.content),
          assistant.provider,
          assistant.model,
          assistant.usage ? JSON.stringify(assistant.usage) : null,
        ],
      );
      const id = rows[0]?.earlier ?? rows[0]?.written;
      if (id) return id;
    } catch (error) {
      // Another run of this call wrote between our look and our write: the second look finds its turns.
      if (isUniqueViolation(error) && !repeated) return this.write(thread, callId, exchange, true);
      throw unavailable(error);
    }
    throw full(maxTurns);
  }
}

class OpenConversation implements Conversation {
  readonly turns: readonly Turn[];
  readonly remainingTurns: number;
  readonly lastModel?: string;
  private threadId: string;

  constructor(
    thread: Thread,
    maxTurns: number,
    private readonly write: (callId: string, exchange: Exchange) => Promise<string>,
  ) {
    this.threadId = thread.id;
    this.turns = thread.turns;
    this.remainingTurns = Math.max(0, maxTurns - thread.turns.length);
    const model = thread.turns.findLast((turn) => turn.role === 'assistant')?.model;
    if (model !== undefined) this.lastModel = model;
  }

  get id(): string {
    return this.threadId;
  }

  async commit(callId: string, exchange: Exchange): Promise<void> {
    this.threadId = await this.write(callId, exchange);
  }
}

function toTurn(row: TurnEntity): Turn {
  return {
    role: row.role,
    content: row.content,
    tool: row.toolName,
    ...(row.provider !== null && { provider: row.provider }),
    ...(row.model !== null && { model: row.model }),
    files: row.files,
    at: row.createdAt,
  };
}

/** PostgreSQL text cannot hold U+0000. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

function full(maxTurns: number): ExaiError {
  return new ExaiError('CONVERSATION_FULL', { limit: maxTurns });
}

function unavailable(error: unknown): ExaiError {
  // A QueryFailedError carries the parameters, that is, what people wrote: it must not reach a log.
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  return new ExaiError('STORE_UNAVAILABLE', {}, { cause });
}

function isUniqueViolation(error: unknown): boolean {
  return (
    error instanceof QueryFailedError && (error.driverError as { code?: unknown }).code === UNIQUE_VIOLATION
  );
}
