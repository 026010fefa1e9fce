import type { ClientSettings } from '../define.js';
import type { ModelClient } from '../model-client.js';
import { AnthropicMessagesClient } from './anthropic-messages.client.js';
import { OpenAiChatClient } from './openai-chat.client.js';

export type ClientFactory = (settings: ClientSettings) => ModelClient;

/** Every API dialect. A dialect is added by one `*.client.ts` and one line here. */
export const CLIENTS: Readonly<Record<string, ClientFactory>> = {
  'openai-chat': (settings) => new OpenAiChatClient(settings),
  'anthropic-messages': (settings) => new AnthropicMessagesClient(settings),
};
