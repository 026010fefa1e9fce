import { ERROR_CODES } from '#libs/errors';
import { z } from 'zod';
import { modelEntrySchema } from './catalogue/model-card.js';
import { partOf } from './catalogue/partial-schema.js';

/** The provider that stands in while no vendor's key is set. */
export const SIMULATOR_ID = 'simulator';

const pattern = z.string().refine(isPattern, 'not a regular expression');

/** One line of a vendor's error table. All given conditions must hold; the first matching line wins. */
const errorRuleSchema = z.strictObject({
  status: z.int().optional(),
  type: z.string().optional(),
  code: z.string().optional(),
  /** Regular expression, tried without regard to case. */
  message: pattern.optional(),
  becomes: z.enum(ERROR_CODES, { error: 'not a code of the error catalogue' }),
  /** `model`: what it says concerns only the model that was asked, although the code speaks of the provider. */
  scope: z.enum(['provider', 'model']).optional(),
});

const webSearchSchema = z.strictObject({
  /** The entry of `tools` that switches the search on. */
  tool: z.record(z.string(), z.unknown()),
  /** The vendor hands each search back as a tool call, to be answered with its own arguments. */
  echoToolCalls: z.boolean().default(false),
  /** The vendor refuses search while the model thinks. */
  needsThinkingOff: z.boolean().default(false),
});

const searchApiSchema = z.strictObject({
  /** From the base URL on, with the slash. */
  path: z.string().startsWith('/'),
  /** The engine that is asked unless the caller names another. */
  engine: z.string().min(1),
  /** US dollars for one search. */
  priceUsd: z.number().nonnegative().default(0),
});

const filesSchema = z.strictObject({
  /** The vendor's word for what an uploaded file is for, unless the upload says another. */
  purpose: z.string().min(1),
  maxBytes: z.int().positive(),
  /** The same file may be used by several chats. */
  persistent: z.boolean(),
  /** The vendor answers with the text of a file, as this field of a JSON object; absent: with its bytes. */
  textField: z.string().min(1).optional(),
});

/** Milliseconds, before the model's multiplier. */
const timeoutFields = {
  connectMs: z.int().positive().default(5_000),
  /** Until the headers of a streamed answer. */
  firstByteMs: z.int().positive().default(30_000),
  /** Between two pieces of content of a streamed answer; comments and empty events do not count. */
  idleMs: z.int().positive().default(20_000),
};
const FREE = { input: 0, cachedInput: 0, output: 0, currency: 'USD', per: 1_000_000 } as const;

const timeoutsSchema = z.strictObject(timeoutFields);

const quirkFields = {
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
  /** Parameters, message fields and tool-function fields the vendor refuses. */
  omit: z.array(z.string()).default([]),
  omitInMessages: z.array(z.string()).default([]),
  omitInTools: z.array(z.string()).default([]),
  /** `auto`: the vendor knows no other choice, so a forced tool becomes `auto` and `none` drops the tools. */
  toolChoice: z.enum(['any', 'auto']).default('any'),
  /** How temperature 0 is asked for where the vendor's range excludes 0. */
  zeroTemperature: z.enum(['send', 'do_sample']).default('send'),
  /** The role that carries instructions. */
  systemRole: z.enum(['system', 'developer']).default('system'),
  /** Fields of a message that hold the reasoning, first one present counts. */
  reasoningFields: z.array(z.string()).default(['reasoning_content', 'reasoning']),
  /** How a thinking mode is asked for; `effort` sends `reasoning_effort` alone. */
  thinkingStyle: z.enum(['thinking', 'effort']).default('thinking'),
  /** Added to the body of a streamed request that offers functions, so that calls of them are streamed too. */
  streamedToolsBody: z.record(z.string(), z.unknown()).default({}),
  /** Ask for usage in the last event of a stream. */
  streamUsage: z.boolean().default(true),
  /** Added to every body unless the request says otherwise. */
  extraBody: z.record(z.string(), z.unknown()).default({}),
  webSearch: webSearchSchema.optional(),
  /** A web search without a model, which answers as GLM's does. */
  searchApi: searchApiSchema.optional(),
  files: filesSchema.optional(),
  /** Finds the seconds to wait in an error text; first group is the number. */
  retryAfterText: pattern.optional(),
  errors: z.array(errorRuleSchema).default([]),
};
const quirksSchema = z.strictObject(quirkFields);
/** Any part of the quirks, as a providers file gives it. */
export const quirksPartSchema = z.strictObject(partOf(quirkFields));
export const timeoutsPartSchema = z.strictObject(partOf(timeoutFields));

export const AUTH_STYLES = ['bearer', 'api-key', 'x-api-key'] as const;

export const providerSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]*$/),
    title: z.string().min(1),
    api: z.string().min(1),
    baseUrl: z.url({ protocol: /^https?$/ }),
    /** An endpoint that takes no key. */
    keyless: z.boolean().default(false),
    /** Answers cost nothing, unless a model says its price. */
    free: z.boolean().default(false),
    /** Counts as configured only once the operator gives an address: a server that not everybody runs. */
    needsBaseUrl: z.boolean().default(false),
    /** The host may have an address that is not on the public internet, and plain http. */
    allowPrivate: z.boolean().default(false),
    /** The variable that holds the key, where it is not the one named after the provider. */
    keyVariable: z.string().min(1).optional(),
    /** How the key is sent. */
    auth: z.enum(AUTH_STYLES).default('bearer'),
    /** Sent with every request, beside the key. */
    headers: z.record(z.string(), z.string()).default({}),
    /** Added to every address. */
    query: z.record(z.string(), z.string()).default({}),
    /** Ask the vendor which models there are, and add those nobody described. */
    discover: z.boolean().default(false),
    timeouts: timeoutsSchema.default(() => timeoutsSchema.parse({})),
    /** Named to people who have no key yet; all others are spoken of only once they are configured. */
    prominent: z.boolean().default(false),
    /** Lower comes first where models are otherwise equal. */
    priority: z.int().default(50),
    /** May be empty only where models are discovered. */
    models: z.array(modelEntrySchema),
    quirks: quirksSchema.default(() => quirksSchema.parse({})),
  })
  .refine(({ models, discover }) => discover || models.length > 0, {
    path: ['models'],
    error: 'a provider without discovery lists at least one model',
  })
  .transform((entry) => ({
    ...entry,
    keyVariable: entry.keyVariable ?? keyVariableOf(entry.id),
    models: entry.models.map((model) => ({
      ...(entry.free && { price: FREE }),
      ...model,
      provider: entry.id,
    })),
  }));

/** A provider as written in `descriptors/`. */
export type ProviderEntry = z.input<typeof providerSchema>;

/** A provider after validation, defaults filled in. */
export type ProviderDescriptor = Readonly<z.output<typeof providerSchema>>;

export type ProviderQuirks = ProviderDescriptor['quirks'];
export type ErrorRule = z.output<typeof errorRuleSchema>;

/** Milliseconds, before the model's multiplier. */
export interface ClientTimeouts {
  readonly firstByteMs: number;
  readonly idleMs: number;
  /** One whole request. */
  readonly totalMs: number;
}

/** What a client needs to speak to one provider. Building one does no I/O and reads no environment. */
export interface ClientSettings {
  readonly provider: ProviderDescriptor;
  /** Empty for an endpoint that takes none. */
  readonly apiKey: string;
  readonly baseUrl: string;
  readonly timeouts: ClientTimeouts;
  /** Requests at once, in this process. */
  readonly maxInflight: number;
  /** The only way out: bound to the provider's connections and address rules. */
  readonly fetch: typeof globalThis.fetch;
}

/** Declares a provider. The registry validates it at start-up and fills in the defaults. */
export function defineProvider(entry: ProviderEntry): ProviderEntry {
  return entry;
}

/** The setting that holds a provider's key, by convention. */
export function keyVariableOf(providerId: string): string {
  return `${providerId.toUpperCase().replaceAll('-', '_')}_API_KEY`;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'i').source !== '';
  } catch {
    return false;
  }
}
