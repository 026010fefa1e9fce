import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { QueryFailedError, type Repository } from 'typeorm';
import { ConversationEntity } from './conversation.entity.js';
import {
  type Conversation,
  type Exchange,
  type Turn,
  TURNS_PER_EXCHANGE,
  type WorkflowThread,
} from './conversation.js';
import { TurnEntity } from './turn.entity.js';
import { COMMIT, RECORD } from './write-statements.js';

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

/** Version 0 = nothing recorded. */
interface Recorded {
  readonly state?: unknown;
  readonly version: number;
  readonly callId?: string;
}

interface Written {
  readonly earlier: string | null;
  readonly written: string | null;
  readonly overfull?: boolean;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const UNIQUE_VIOLATION = '23505';

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
    return new OpenConversation(thread, maxTurns, (at, callId, exchange) => this.write(at, callId, exchange));
  }

  /**
   * As `open`, with what the tool recorded in the thread. A call that began a thread in an earlier run finds it
   * again.
   */
  async openWorkflow(
    id: string | undefined,
    owner: ConversationOwner,
    tool: string,
    callId: string,
  ): Promise<WorkflowThread> {
    const existing = id ?? (await this.threadOf(callId));
    const [turns, recorded] =
      existing === undefined
        ? [[], { version: 0 }]
        : [await this.load(existing, owner), await this.recorded(existing, tool)];
    const { maxTurns } = this.config.conversations;
    // What this call has written itself does not keep it from being answered.
    if (turns.length + TURNS_PER_EXCHANGE > maxTurns && recorded.callId !== callId) throw full(maxTurns);
    const thread: Thread = { id: existing?.toLowerCase() ?? randomUUID(), owner, tool, turns };
    return new OpenWorkflow(
      thread,
      maxTurns,
      (at, call, exchange) => this.write(at, call, exchange),
      recorded,
      (at, call, record, exchange) => this.record(at, call, record, exchange),
    );
  }

  private async threadOf(callId: string): Promise<string | undefined> {
    const rows = await this.query<{ id: string }>(
      'SELECT conversation_id AS id FROM workflows WHERE call_id = $1',
      [callId],
    );
    return rows[0]?.id;
  }

  private async recorded(id: string, tool: string): Promise<Recorded> {
    const rows = await this.query<Recorded>(
      'SELECT state, version, call_id AS "callId" FROM workflows WHERE conversation_id = $1 AND tool_name = $2',
      [id, tool],
    );
    return rows[0] ?? { version: 0 };
  }

  private async query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    try {
      return await this.conversations.query<Row[]>(sql, parameters);
    } catch (error) {
      throw unavailable(error);
    }
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
    const parameters = this.parametersOf(thread, callId, exchange);
    try {
      const rows = await this.conversations.query<Written[]>(COMMIT, parameters);
      const id = rows[0]?.earlier ?? rows[0]?.written;
      if (id) return id;
    } catch (error) {
      // Another run of this call wrote between our look and our write: the second look finds its turns.
      if (isUniqueViolation(error) && !repeated) return this.write(thread, callId, exchange, true);
      throw unavailable(error);
    }
    throw full(this.config.conversations.maxTurns);
  }

  private async record(
    thread: Thread,
    callId: string,
    { state, version }: Recorded,
    exchange: Exchange | undefined,
  ): Promise<string> {
    const nothing: Exchange = { user: { content: '' }, assistant: { content: '' } };
    const parameters = [
      ...this.parametersOf(thread, callId, exchange ?? nothing),
      exchange ? TURNS_PER_EXCHANGE : 0,
      JSON.stringify(state),
      version,
    ];
    let written: Written | undefined;
    try {
      [written] = await this.conversations.query<Written[]>(RECORD, parameters);
    } catch (error) {
      // Another run of this call, or another call for the same new step, was faster.
      if (isUniqueViolation(error)) throw new ExaiError('CONVERSATION_CONFLICT', {}, { cause: 'unique' });
      throw unavailable(error);
    }
    const id = written?.earlier ?? written?.written;
    if (id) return id;
    if (written?.overfull === true) throw full(this.config.conversations.maxTurns);
    throw new ExaiError('CONVERSATION_CONFLICT');
  }

  private parametersOf(thread: Thread, callId: string, { user, assistant }: Exchange): unknown[] {
    const { ttlMs, maxTurns } = this.config.conversations;
    return [
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
      assistant.provider ?? null,
      assistant.model ?? null,
      assistant.usage ? JSON.stringify(assistant.usage) : null,
    ];
  }
}

type Write = (thread: Thread, callId: string, exchange: Exchange) => Promise<string>;

class OpenConversation implements Conversation {
  readonly turns: readonly Turn[];
  readonly remainingTurns: number;
  readonly lastModel?: string;

  constructor(
    protected thread: Thread,
    maxTurns: number,
    private readonly write: Write,
  ) {
    this.turns = thread.turns;
    this.remainingTurns = Math.max(0, maxTurns - thread.turns.length);
    const model = thread.turns.findLast((turn) => turn.model !== undefined)?.model;
    if (model !== undefined) this.lastModel = model;
  }

  get id(): string {
    return this.thread.id;
  }

  async commit(callId: string, exchange: Exchange): Promise<void> {
    this.thread = { ...this.thread, id: await this.write(this.thread, callId, exchange) };
  }
}

class OpenWorkflow extends OpenConversation implements WorkflowThread {
  readonly state: unknown;

  constructor(
    thread: Thread,
    maxTurns: number,
    write: Write,
    private readonly recorded: Recorded,
    private readonly writeState: (
      thread: Thread,
      callId: string,
      recorded: Recorded,
      exchange: Exchange | undefined,
    ) => Promise<string>,
  ) {
    super(thread, maxTurns, write);
    this.state = recorded.state;
  }

  async record(callId: string, state: unknown, exchange?: Exchange): Promise<void> {
    const { version } = this.recorded;
    const id = await this.writeState(this.thread, callId, { state, version }, exchange);
    this.thread = { ...this.thread, id };
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
