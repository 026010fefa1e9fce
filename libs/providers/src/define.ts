import { isErrorCode, type ErrorCode } from '#libs/errors';
import { z } from 'zod';
import { modelEntrySchema } from './model-card.js';

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
  becomes: z.custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value), {
    error: 'not a code of the error catalogue',
  }),
});

const webSearchSchema = z.strictObject({
  /** The entry of `tools` that switches the search on. */
  tool: z.record(z.string(), z.unknown()),
  /** The vendor hands each search back as a tool call, to be answered with its own arguments. */
  echoToolCalls: z.boolean().default(false),
  /** The vendor refuses search while the model thinks. */
  needsThinkingOff: z.boolean().default(false),
});

const quirksSchema = z.strictObject({
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).default('max_tokens'),
  /** Parameters, message fields and tool-function fields the vendor refuses. */
  omit: z.array(z.string()).default([]),
  omitInMessages: z.array(z.string()).default([]),
  omitInTools: z.array(z.string()).default([]),
  /** `auto`: the vendor knows no other choice, so a forced tool becomes `auto` and `none` drops the tools. */
  toolChoice: z.enum(['any', 'auto']).default('any'),
  /** How temperature 0 is asked for where the vendor's range excludes 0. */
  zeroTemperature: z.enum(['send', 'do_sample']).default('send'),
  webSearch: webSearchSchema.optional(),
  /** Finds the seconds to wait in an error text; first group is the number. */
  retryAfterText: pattern.optional(),
  errors: z.array(errorRuleSchema).default([]),
});

export const providerSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z][a-z0-9-]*$/),
    title: z.string().min(1),
    api: z.string().min(1),
    baseUrl: z.url({ protocol: /^https?$/ }),
    /** A local endpoint that takes no key. */
    keyless: z.boolean().default(false),
    /** Lower comes first where models are otherwise equal. */
    priority: z.int().default(50),
    models: z.array(modelEntrySchema).min(1),
    quirks: quirksSchema.default(() => quirksSchema.parse({})),
  })
  .transform((entry) => ({
    ...entry,
    keyVariable: keyVariableOf(entry.id),
    models: entry.models.map((model) => ({ ...model, provider: entry.id })),
  }));

/** A provider as written in `descriptors/`. */
export type ProviderEntry = z.input<typeof providerSchema>;

/** A provider after validation, defaults filled in. */
export type ProviderDescriptor = Readonly<z.output<typeof providerSchema>>;

export type ProviderQuirks = ProviderDescriptor['quirks'];
export type ErrorRule = z.output<typeof errorRuleSchema>;

/** What a client needs to speak to one provider. */
export interface ClientSettings {
  readonly provider: ProviderDescriptor;
  /** Empty for an endpoint that takes none. */
  readonly apiKey: string;
  readonly baseUrl: string;
  /** One request, before the model's multiplier. */
  readonly timeoutMs: number;
  /** Requests at once, in this process. */
  readonly maxInflight: number;
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
