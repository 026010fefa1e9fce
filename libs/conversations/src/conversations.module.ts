import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConversationArchive } from './conversation-archive.js';
import { ConversationEntity } from './conversation.entity.js';
import { ConversationExpiry } from './conversation-expiry.js';
import { ConversationStore } from './conversation-store.js';
import { TurnEntity } from './turn.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([ConversationEntity, TurnEntity])],
  providers: [ConversationStore, ConversationExpiry],
  exports: [ConversationStore],
})
export class ConversationsModule {}

/** For a process that shows conversations but does not hold them. */
@Module({
  imports: [TypeOrmModule.forFeature([ConversationEntity, TurnEntity])],
  providers: [ConversationArchive],
  exports: [ConversationArchive],
})
export class ConversationArchiveModule {}
