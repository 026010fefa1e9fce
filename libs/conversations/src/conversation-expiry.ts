import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { PinoLogger } from 'nestjs-pino';
import { LessThan, type Repository } from 'typeorm';
import { ConversationEntity } from './conversation.entity.js';

const EVERY_MS = 10 * 60_000;

/** Deletes conversations past their time; until then an expired one is refused, not shown. */
@Injectable()
export class ConversationExpiry implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @InjectRepository(ConversationEntity) private readonly conversations: Repository<ConversationEntity>,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ConversationExpiry.name);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.deleteExpired(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async deleteExpired(): Promise<void> {
    try {
      await this.conversations.delete({ expiresAt: LessThan(new Date()) });
    } catch (error) {
      this.logger.warn({ err: error }, 'could not delete expired conversations');
    }
  }
}
