import { z } from 'zod';
import { defineDirectTool, invalidArgument, type DirectReply } from '../define.js';
import { functionsField, messagesField, modelFields, toolChoiceField, WEB_SEARCH } from '../fields.js';

export const kimiChatWithTools = defineDirectTool({
  name: 'kimi_chat_with_tools',
  title: 'Kimi chat with tools',
  description:
    "Sends messages and function definitions to a Kimi model as they are, with Kimi's own web search if wanted. " +
    'Calls the model asks for come back in tool_calls: run them, then send the whole conversation again with their results.',
  tier: 'advanced',
  provider: 'kimi',
  category: 'BALANCED',
  annotations: { readOnlyHint: true, openWorldHint: true },
  defaults: { temperature: 0.6 },
  fields: {
    messages: messagesField('Text, or a list of texts and {role, content, tool_calls?, tool_call_id?}.'),
    model: modelFields.model.describe('Kimi model or alias; auto: the default one.'),
    tools: functionsField('Functions in OpenAI format; $web_search searches the web.').optional(),
    tool_choice: toolChoiceField('Which function the model calls.').optional(),
    temperature: modelFields.temperature,
    stream: modelFields.stream,
    use_websearch: z.boolean().default(false).describe("With Kimi's own web search."),
  },
  request({ messages, tools = [], tool_choice, temperature, use_websearch }) {
    const functions = tools.filter((tool) => tool !== WEB_SEARCH);
    const chosen = typeof tool_choice === 'object' ? tool_choice.function : tool_choice;
    const names = functions.map(({ name }) => name);
    if (names.length > 0 && typeof chosen === 'object' && !names.includes(chosen.name)) {
      throw invalidArgument('/tool_choice/function/name', `one of ${names.join(', ')}`);
    }
    return {
      messages,
      tools: functions,
      webSearch: use_websearch || tools.includes(WEB_SEARCH),
      ...(chosen !== undefined && { toolChoice: chosen }),
      ...(temperature !== undefined && { temperature }),
    };
  },
  answer({ completion }) {
    const { content, reasoning } = completion;
    const facts = factsOf(completion);
    const whole = { ...facts, content, ...(reasoning !== undefined && { reasoning_content: reasoning }) };
    return { content: JSON.stringify(whole, null, 2), contentType: 'json', fields: facts };
  },
});

/** What programs look at; the texts stand in the content alone, as they may be long. */
function factsOf({ provider, model, toolCalls = [], usage, finishReason }: DirectReply['completion']) {
  return {
    provider,
    model,
    tool_calls: toolCalls.map(({ id, name, arguments: text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    })),
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.total,
    },
    finish_reason: finishReason,
    cache: { cached_tokens: usage.cached ?? 0 },
  };
}
