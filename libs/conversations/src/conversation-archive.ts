import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ExaiError } from '#libs/errors';
import { type FindOptionsWhere, MoreThan, QueryFailedError, type Repository } from 'typeorm';
import { ConversationEntity } from './conversation.entity.js';
import { type Turn } from './conversation.js';
import { type ConversationOwner } from './conversation-store.js';
import { TurnEntity } from './turn.entity.js';

export interface ConversationSummary {
  readonly id: string;
  /** The tool that opened it. */
  readonly tool: string;
  readonly turnCount: number;
  readonly createdAt: Date;
  readonly lastActivityAt: Date;
  readonly expiresAt: Date;
}

export interface ConversationTranscript extends ConversationSummary {
  /** The newest, oldest first. */
  readonly turns: readonly Turn[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Conversations as their owner looks through them: read or deleted, never continued. Times are the process's. */
@Injectable()
export class ConversationArchive {
  constructor(
    @InjectRepository(ConversationEntity) private readonly conversations: Repository<ConversationEntity>,
    @InjectRepository(TurnEntity) private readonly turns: Repository<TurnEntity>,
  ) {}

  /** The last used first, after the first `offset` of them. */
  async list(owner: ConversationOwner, limit: number, offset = 0): Promise<ConversationSummary[]> {
    const rows = await stored(
      this.conversations.find({
        where: aliveOf(owner),
        order: { lastActivityAt: 'DESC', id: 'ASC' },
        skip: offset,
        take: limit,
      }),
    );
    return rows.map(summaryOf);
  }

  /** @throws ExaiError CONVERSATION_EXPIRED for an id that is malformed, unknown, expired or somebody else's */
  async read(id: string, owner: ConversationOwner, maxTurns: number): Promise<ConversationTranscript> {
    const where = { ...aliveOf(owner), id: checked(id) };
    const found = await stored(this.conversations.findOne({ where }));
    if (!found) throw new ExaiError('CONVERSATION_EXPIRED');
    const newest = await stored(
      this.turns.find({ where: { conversationId: found.id }, order: { seq: 'DESC' }, take: maxTurns }),
    );
    return { ...summaryOf(found), turns: newest.reverse().map(turnOf) };
  }

  /** With all its turns. @throws ExaiError CONVERSATION_EXPIRED as `read` */
  async delete(id: string, owner: ConversationOwner): Promise<void> {
    const { affected } = await stored(this.conversations.delete({ ...aliveOf(owner), id: checked(id) }));
    if (!affected) throw new ExaiError('CONVERSATION_EXPIRED');
  }
}

function aliveOf({ tenant, subject }: ConversationOwner): FindOptionsWhere<ConversationEntity> {
  return { tenantId: tenant, principalId: subject, expiresAt: MoreThan(new Date()) };
}

function checked(id: string): string {
  if (!UUID.test(id)) throw new ExaiError('CONVERSATION_EXPIRED');
  return id;
}

function summaryOf(row: ConversationEntity): ConversationSummary {
  const { id, toolName, turnCount, createdAt, lastActivityAt, expiresAt } = row;
  return { id, tool: toolName, turnCount, createdAt, lastActivityAt, expiresAt };
}

function turnOf({ role, content, toolName, provider, model, files, createdAt }: TurnEntity): Turn {
  return {
    role,
    content,
    tool: toolName,
    ...(provider !== null && { provider }),
    ...(model !== null && { model }),
    files,
    at: createdAt,
  };
}

async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // A QueryFailedError carries the parameters: they must not reach a log.
    const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
    throw new ExaiError('STORE_UNAVAILABLE', {}, { cause });
  }
}
