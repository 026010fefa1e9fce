import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
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
