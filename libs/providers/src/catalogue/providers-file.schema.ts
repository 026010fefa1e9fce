import { z } from 'zod';
import { AUTH_STYLES, quirksPartSchema, timeoutsPartSchema } from '../define.js';
import { modelPartSchema } from './model-card.js';

/** What a provider of the file may speak, and our name for the dialect. */
export const DIALECTS = {
  'openai-compatible': 'openai-chat',
  'anthropic-compatible': 'anthropic-messages',
} as const;

/** As the vendor writes it: upper case and blanks of its own are the wire name, our id is derived. */
const fileModelSchema = z.strictObject({
  ...modelPartSchema.shape,
  id: z.string().min(1).describe('name of the model, as the endpoint knows it'),
});
export type FileModel = z.output<typeof fileModelSchema>;

const address = z.url({ protocol: /^https?$/ }).refine((value) => {
  const { username, password, hash } = new URL(value);
  return username === '' && password === '' && hash === '';
}, 'an address without credentials and fragment');

export const fileProviderSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe('lower case; the id of a bundled provider changes that provider field by field'),
  type: z
    .enum(Object.keys(DIALECTS) as (keyof typeof DIALECTS)[])
    .optional()
    .describe('required for a new id'),
  title: z.string().min(1).optional(),
  baseUrl: address
    .optional()
    .describe('required for a new id; where the paths of the API begin, mostly with /v1'),
  apiKeyEnv: z
    .string()
    .regex(/^(?!EXAI_)[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable that does not begin with EXAI_')
    .optional()
    .describe('variable that holds the key; default <ID>_API_KEY'),
  apiKeyFile: z.string().min(1).optional().describe('file that holds the key, relative to this file'),
  apiKey: z
    .string()
    .min(1)
    .optional()
    .describe('the key itself; the file must then be readable by its owner only'),
  auth: z
    .enum(AUTH_STYLES)
    .optional()
    .describe('how the key is sent; default bearer, for anthropic-compatible x-api-key'),
  headers: z
    .record(z.string(), z.string())
    .optional()
    .describe('sent with every request; ${NAME} stands for the variable NAME'),
  query: z.record(z.string(), z.string()).optional().describe('added to every address'),
  organization: z.string().min(1).optional().describe('sent as OpenAI-Organization'),
  apiVersion: z.string().min(1).optional().describe('sent as query parameter api-version'),
  allowPrivate: z
    .boolean()
    .optional()
    .describe('the host name may lead to a private address, and speak plain http'),
  maxInflight: z.int().min(1).max(1_000).optional().describe('requests at once, per process; default 8'),
  timeoutSecs: z.int().min(1).max(1_800).optional().describe('one request; default 180'),
  timeouts: timeoutsPartSchema.optional(),
  allowedModels: z.array(z.string().min(1)).optional().describe('only these, in order of preference'),
  models: z.array(fileModelSchema).optional(),
  discover: z.boolean().optional().describe('ask the endpoint which models it has'),
  priority: z.int().optional().describe('lower comes first where models are otherwise equal; default 50'),
  quirks: quirksPartSchema.optional(),
});
export type FileProvider = z.output<typeof fileProviderSchema>;

/** `EXAI_PROVIDERS_FILE` */
export const providersFileSchema = z.strictObject({
  $schema: z.string().optional(),
  providers: z.array(fileProviderSchema),
});

/** `EXAI_MODEL_CATALOG_FILE` */
export const modelsFileSchema = z.strictObject({
  $schema: z.string().optional(),
  models: z.array(
    z.strictObject({
      ...modelPartSchema.shape,
      id: z.string().min(1).describe('an id of docs/models.md changes that model; any other adds one'),
      provider: z.string().min(1).optional().describe('required for a new id'),
    }),
  ),
});
export type FileModelOverride = z.output<typeof modelsFileSchema>['models'][number];
