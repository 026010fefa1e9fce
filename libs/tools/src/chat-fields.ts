import { type ChatMessage, type FunctionTool } from '#libs/providers';
import { z } from 'zod';

const MAX_MESSAGES = 500;
const MAX_FUNCTIONS = 128;
const MAX_ID = 200;
/** Functions of earlier calls may be another program's, so their names are not looked at closely. */
const MAX_NAME = 64;
const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Kimi's name for its own search; stands where a function would. */
export const WEB_SEARCH = '$web_search';
const NO_PARAMETERS = { type: 'object', properties: {} };

type Fields = Readonly<Record<string, unknown>>;

const id = z.string().min(1).max(MAX_ID);
const roleError = 'one of system, user, assistant, tool';

const callSchema = z
  .object({
    id,
    function: z.object({ name: z.string().min(1).max(MAX_NAME), arguments: z.string() }),
  })
  .transform(({ id: callId, function: { name, arguments: text } }) => ({
    id: callId,
    name,
    arguments: text,
  }));

/** Read as the vendors' own APIs read it: what they add beside these fields is dropped. */
const messageSchema = z.discriminatedUnion(
  'role',
  [
    z.object({ role: z.literal('system'), content: z.string() }),
    z.object({ role: z.literal('user'), content: z.string() }),
    z
      .object({
        role: z.literal('assistant'),
        content: z.string().nullish(),
        reasoning_content: z.string().nullish(),
        tool_calls: z.array(callSchema).max(MAX_FUNCTIONS).nullish(),
      })
      .transform(({ role, content, reasoning_content: reasoning, tool_calls: toolCalls }) => ({
        role,
        content: content ?? '',
        ...(reasoning && { reasoning }),
        ...(toolCalls?.length && { toolCalls }),
      })),
    z
      .object({
        role: z.literal('tool'),
        tool_call_id: id,
        name: z.string().max(MAX_NAME).nullish(),
        content: z.string(),
      })
      .transform(({ role, tool_call_id: toolCallId, name, content }) => ({
        role,
        toolCallId,
        ...(name && { name }),
        content,
      })),
  ],
  { error: ({ code }) => (code === 'invalid_union' ? roleError : undefined) },
);

const conversationSchema = z
  .array(
    z.preprocess(
      (item) => (typeof item === 'string' ? { role: 'user', content: item } : item),
      messageSchema,
    ),
  )
  .max(MAX_MESSAGES)
  .superRefine(checkConversation);

/** What the caller writes: a text, or messages in the form of chat completions. */
export function messagesField(description: string) {
  return z
    .union([z.string(), z.array(z.unknown())], { error: 'text or a list of messages' })
    .describe(description)
    .transform((value): unknown => (typeof value === 'string' ? [value] : value))
    .pipe(conversationSchema);
}

const functionSchema = z
  .object({
    type: z.literal('function').optional(),
    function: z.object({
      name: z.string().regex(FUNCTION_NAME, 'a name of 1 to 64 letters, digits, "_" and "-"'),
      description: z.string().optional(),
      parameters: z.looseObject({}).optional(),
    }),
  })
  .transform(({ function: { name, description, parameters = NO_PARAMETERS } }): FunctionTool => ({
    name,
    ...(description !== undefined && { description }),
    parameters,
  }));

/** Faults keep their place in the list: they are told to the caller by it. */
const offeredSchema = z.unknown().transform((item, context): FunctionTool | typeof WEB_SEARCH => {
  if (isWebSearch(item)) return WEB_SEARCH;
  const { data, error } = functionSchema.safeParse(item);
  if (data) return data;
  context.issues.push(...error.issues.map((issue) => ({ ...issue, input: item }) as z.core.$ZodRawIssue));
  return z.NEVER;
});

const offersSchema = z
  .array(offeredSchema)
  .max(MAX_FUNCTIONS)
  .superRefine((items, context) => {
    const names = items.map((item) => (item === WEB_SEARCH ? item : item.name));
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      context.addIssue({ code: 'custom', path: [index], message: 'a name that no other tool has' });
    }
  });

/** What the model may call: functions in the form of chat completions, and the vendor's own search. */
export function functionsField(description: string) {
  return z
    .union([z.literal(WEB_SEARCH), z.array(z.unknown())], {
      error: `a list of functions, or ${WEB_SEARCH}`,
    })
    .describe(description)
    .transform((value): unknown => (typeof value === 'string' ? [value] : value))
    .pipe(offersSchema);
}

const chosenSchema = z.union(
  [
    z.enum(['auto', 'none', 'required']),
    z.object({
      type: z.literal('function').optional(),
      function: z.object({ name: z.string().max(MAX_NAME) }),
    }),
  ],
  { error: 'auto, none, required, or {type: function, function: {name}}' },
);

export function toolChoiceField(description: string) {
  return chosenSchema.describe(description);
}

function isWebSearch(item: unknown): boolean {
  if (item === WEB_SEARCH) return true;
  if (typeof item !== 'object' || item === null) return false;
  const { type, function: definition } = item as Fields;
  return type === 'builtin_function' && (definition as Fields | undefined)?.['name'] === WEB_SEARCH;
}

function checkConversation(messages: readonly ChatMessage[], context: z.RefinementCtx): void {
  const fault = (path: PropertyKey[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  const asked = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'assistant') {
      const { content, toolCalls = [] } = message;
      if (content.trim() === '' && toolCalls.length === 0) fault([index], 'content or tool_calls');
      for (const call of toolCalls) asked.add(call.id);
    }
    if (message.role === 'tool' && !asked.has(message.toolCallId)) {
      fault([index, 'tool_call_id'], 'the id of a call in tool_calls of an earlier message');
    }
  }
  if (!messages.some(isQuestion)) fault([], 'at least one message of the user that is not blank');
}

function isQuestion({ role, content }: ChatMessage): boolean {
  return role === 'user' && typeof content === 'string' && content.trim() !== '';
}
