import { z } from 'zod';
import { defineInlineTool } from '../define.js';
import { modelFields, shortText, text } from '../fields.js';

const MAX_TOOLS = 128;

const functionName = z.string().max(64);
const NO_PARAMETERS = { type: 'object', properties: {} };

const functionTool = z.object({
  function: z.object({
    name: functionName,
    description: z.string().optional(),
    parameters: z.looseObject({}).optional(),
  }),
});

const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.object({ function: z.object({ name: functionName }) }),
]);

export const glmPayloadPreview = defineInlineTool({
  name: 'glm_payload_preview',
  title: 'Preview a GLM request',
  description:
    'Shows the address and body of the request that would be sent to GLM for a prompt. Sends nothing and needs no key.',
  tier: 'advanced',
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  fields: {
    prompt: text('The message of the user.'),
    model: shortText('GLM model or alias; absent: the default one.').optional(),
    temperature: modelFields.temperature.default(0.3),
    system_prompt: z.string().nullable().default(null).describe('Message of the system before it.'),
    use_websearch: z.boolean().default(false).describe("With GLM's own web search."),
    tools: z.array(functionTool).max(MAX_TOOLS).default([]).describe('Functions, in OpenAI format.'),
    tool_choice: toolChoice.optional().describe('Which function the model calls.'),
    thinking_mode: modelFields.thinking_mode,
    max_output_tokens: z.int().min(1).optional().describe('Longest answer, in tokens.'),
  },
  async answer(args, view) {
    const { tool_choice, tools, system_prompt } = args;
    const report = await view.payload({
      provider: 'glm',
      prompt: args.prompt,
      webSearch: args.use_websearch,
      tools: tools.map(({ function: { name, description, parameters } }) => ({
        name,
        parameters: parameters ?? NO_PARAMETERS,
        ...(description !== undefined && { description }),
      })),
      ...(args.model !== undefined && { model: args.model }),
      ...(args.temperature !== undefined && { temperature: args.temperature }),
      ...(system_prompt !== null && { systemPrompt: system_prompt }),
      ...(args.thinking_mode !== undefined && { thinkingMode: args.thinking_mode }),
      ...(tool_choice !== undefined && {
        toolChoice: typeof tool_choice === 'string' ? tool_choice : { name: tool_choice.function.name },
      }),
      ...(args.max_output_tokens !== undefined && { maxOutputTokens: args.max_output_tokens }),
    });
    return { content: JSON.stringify(report, null, 2), contentType: 'json', fields: { ...report } };
  },
});
