import { Policy, principalOf, type AuthenticatedRequest } from '#libs/auth';
import {
  ConversationArchive,
  type ConversationSummary,
  type ConversationTranscript,
} from '#libs/conversations';
import { ExaiError, toExaiError } from '#libs/errors';
import { Controller, Delete, Get, Header, HttpCode, Param, Query, Req } from '@nestjs/common';
import { readQuery, wholeNumber } from './query.js';

const DEFAULT_THREADS = 20;
const MAX_THREADS = 100;
const MAX_OFFSET = 1_000_000;
const DEFAULT_TURNS = 100;
const MAX_TURNS = 1_000;

const PAGE = {
  limit: wholeNumber(1, MAX_THREADS).default(DEFAULT_THREADS),
  offset: wholeNumber(0, MAX_OFFSET).default(0),
};
const TURNS = { limit: wholeNumber(1, MAX_TURNS).default(DEFAULT_TURNS) };

interface ThreadsPage {
  readonly threads: readonly ConversationSummary[];
  /** Where the next page begins; absent on the last one. */
  readonly nextOffset?: number;
}

/** Conversations of the caller. */
@Controller('api/v1/threads')
@Policy('calls:read')
export class ThreadsController {
  constructor(private readonly archive: ConversationArchive) {}

  /** The last used first. */
  @Get()
  @Header('Cache-Control', 'no-store')
  async list(@Query() query: unknown, @Req() request: AuthenticatedRequest): Promise<ThreadsPage> {
    const { limit, offset } = readQuery(PAGE, query);
    const found = await this.archive.list(principalOf(request), limit + 1, offset);
    return {
      threads: found.slice(0, limit),
      ...(found.length > limit && { nextOffset: offset + limit }),
    };
  }

  /** With its newest turns, oldest first. */
  @Get(':id')
  @Header('Cache-Control', 'no-store')
  find(
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: AuthenticatedRequest,
  ): Promise<ConversationTranscript> {
    const { limit } = readQuery(TURNS, query);
    return found(this.archive.read(id, principalOf(request), limit));
  }

  /** For good, with all its turns. */
  @Delete(':id')
  @HttpCode(204)
  @Policy('tools:call')
  delete(@Param('id') id: string, @Req() request: AuthenticatedRequest): Promise<void> {
    return found(this.archive.delete(id, principalOf(request)));
  }
}

/** Foreign, expired, unknown and malformed ids get the same bytes. */
async function found<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toExaiError(error).code === 'CONVERSATION_EXPIRED' ? new ExaiError('NOT_FOUND') : error;
  }
}
