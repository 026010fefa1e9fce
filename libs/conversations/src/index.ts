export {
  type Conversation,
  type Exchange,
  type Turn,
  TURNS_PER_EXCHANGE,
  type TurnUsage,
  type WorkflowThread,
} from './conversation.js';
export { type ConversationOwner, ConversationStore } from './conversation-store.js';
export {
  ConversationArchive,
  type ConversationSummary,
  type ConversationTranscript,
} from './conversation-archive.js';
export { ConversationArchiveModule, ConversationsModule } from './conversations.module.js';
export { type RecentTurns, trimHistory } from './history.js';
