export {
  type Conversation,
  type Exchange,
  type Turn,
  TURNS_PER_EXCHANGE,
  type TurnUsage,
} from './conversation.js';
export { type ConversationOwner, ConversationStore } from './conversation-store.js';
export { ConversationsModule } from './conversations.module.js';
export { type RecentTurns, trimHistory } from './history.js';
