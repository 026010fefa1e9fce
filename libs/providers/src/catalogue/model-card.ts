import { ROUTING_CATEGORIES, type RoutingCategory } from '#libs/config';
import { z } from 'zod';
import { partOf } from './partial-schema.js';

export { ROUTING_CATEGORIES, type RoutingCategory };

const positive = z.int().positive();

const reasoningSchema = z.strictObject({
  kind: z.enum(['none', 'toggle', 'effort', 'budget']),
  /** The vendor refuses to switch it off. */
  alwaysOn: z.boolean().default(false),
  /** What the vendor does when nothing is sent. */
  default: z.string().optional(),
  efforts: z.array(z.string()).optional(),
  maxThinkingTokens: positive.optional(),
});

const temperatureSchema = z.union([
  z.literal(false),
  z.strictObject({ min: z.number(), max: z.number(), default: z.number() }),
  z.strictObject({ fixed: z.number() }),
  z.strictObject({ values: z.array(z.number()).min(1) }),
]);

const priceSchema = z.strictObject({
  input: z.number().nonnegative(),
  cachedInput: z.number().nonnegative().optional(),
  output: z.number().nonnegative(),
  currency: z.literal('USD').default('USD'),
  per: z.literal(1_000_000).default(1_000_000),
});

const fields = {
  id: z.string().regex(/^[a-z0-9][a-z0-9._:/-]*$/),
  apiModel: z.string().min(1).optional(),
  aliases: z.array(z.string().min(1)).default([]),
  status: z.enum(['active', 'preview', 'deprecated', 'retired']).default('active'),
  replacedBy: z.string().optional(),
  retiredOn: z.iso.date().optional(),
  contextWindow: positive,
  maxOutputTokens: positive,
  images: z.boolean().default(false),
  video: z.boolean().default(false),
  tools: z.boolean().default(true),
  json: z.boolean().default(true),
  streaming: z.boolean().default(true),
  systemPrompt: z.boolean().default(true),
  webSearch: z.boolean().default(false),
  files: z.boolean().default(false),
  maxImageSizeMb: z.number().positive().default(20),
  reasoning: reasoningSchema.default({ kind: 'none', alwaysOn: false }),
  temperature: temperatureSchema.default({ min: 0, max: 1, default: 0.5 }),
  intelligence: z.int().min(1).max(20),
  speed: z.enum(['fast', 'normal', 'slow']).default('normal'),
  tier: z.enum(['free', 'economy', 'standard', 'premium']).optional(),
  price: priceSchema.optional(),
  timeoutMultiplier: z.number().positive().default(1),
  /** Not in the bundled list: the vendor named it, its abilities are assumed to be small. */
  discovered: z.boolean().default(false),
  categories: z.array(z.enum(ROUTING_CATEGORIES)).default([]),
  description: z.string().default(''),
};

const entryShape = z.strictObject(fields);

/** Any part of a model, as an override or a short description gives it; no defaults are filled in. */
export const modelPartSchema = z.strictObject({ ...partOf(fields), id: fields.id });
export type ModelPart = z.output<typeof modelPartSchema>;

/** What is assumed of a model of which only the name is known. */
export const ASSUMED_LIMITS = { contextWindow: 32_768, maxOutputTokens: 4_096, intelligence: 5 } as const;

const cardShape = z.strictObject({ provider: z.string().min(1), ...fields });

/** A model as a descriptor lists it: the provider is the descriptor it stands in. */
export const modelEntrySchema = entryShape.superRefine(checkConsistency);
export const modelCardSchema = cardShape.superRefine(checkConsistency);

export type ModelEntry = z.input<typeof modelEntrySchema>;

/** Everything the product knows about one model. The catalogue is the only source of these facts. */
export type ModelCard = Readonly<z.output<typeof modelCardSchema>>;

export type ModelTier = NonNullable<ModelCard['tier']>;

function checkConsistency(card: z.output<typeof entryShape>, context: z.RefinementCtx): void {
  const fault = (path: PropertyKey[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  if (card.status === 'retired' && card.replacedBy === undefined) {
    fault(['replacedBy'], 'a retired model names its replacement');
  }
  if (card.reasoning.kind === 'effort' && !card.reasoning.efforts?.length) {
    fault(['reasoning', 'efforts'], 'kind effort needs a list of efforts');
  }
  if (card.reasoning.kind === 'budget' && card.reasoning.maxThinkingTokens === undefined) {
    fault(['reasoning', 'maxThinkingTokens'], 'kind budget needs the largest budget');
  }
  if (card.temperature && 'min' in card.temperature && card.temperature.min > card.temperature.max) {
    fault(['temperature', 'min'], 'min is above max');
  }
}

/** Orders models by what they can do, 0–100; the curated intelligence score carries most of it. */
export function rankOf(card: ModelCard): number {
  const context = Math.min(5, Math.floor(Math.log10(card.contextWindow) - 3));
  const output = card.maxOutputTokens >= 65_000 ? 2 : card.maxOutputTokens >= 32_000 ? 1 : 0;
  const reasoning = card.reasoning.kind === 'none' ? 0 : 3;
  const extras = Number(card.tools) + Number(card.json) + Number(card.images);
  return Math.min(100, Math.max(0, card.intelligence * 5 + context + output + reasoning + extras));
}

/** One price to compare by: three input tokens for each output token, as tools read more than they write. */
export function blendedPrice(card: ModelCard): number | undefined {
  return card.price && (card.price.input * 3 + card.price.output) / 4;
}

export function tierOf(card: ModelCard): ModelTier {
  if (card.tier) return card.tier;
  const price = blendedPrice(card);
  if (price === undefined) return 'standard';
  if (price === 0) return 'free';
  if (price <= 0.75) return 'economy';
  return price <= 3 ? 'standard' : 'premium';
}
