import { z } from 'zod';
import { fileSettingsSchema, type FileStore } from './endpoints/file-store.js';
import type { ModelList } from './endpoints/model-list.js';
import { readPlan } from './plan.js';
import { readTarget } from './redirects.js';
import { parseBody } from './request.js';
import { parseScript } from './script.js';
import type { Scripts } from './selection.js';

const LONGEST_CLOSURE_MS = 600_000;
const DEFAULT_CLOSURE_MS = 1_000;

const controlSchema = z
  .strictObject({
    /** Behaviours for the next requests, one each. */
    script: z.array(z.string()).min(1).optional(),
    /** A script for every request until further notice; null ends it. */
    always: z.string().nullable().optional(),
    /** A model, or a path such as `/models` or `/files`, that `script` and `always` are meant for. */
    forModel: z.string().min(1).optional(),
    /** Closes the port and ends all connections. */
    listen: z.literal(false).optional(),
    forMs: z.number().int().min(1).max(LONGEST_CLOSURE_MS).optional(),
    redirectTo: z.string().optional(),
    models: z
      .array(z.union([z.string(), z.looseObject({ id: z.string() })]))
      .max(1_000)
      .optional(),
    files: fileSettingsSchema.optional(),
  })
  .refine((body) => Object.keys(body).some((key) => key !== 'forModel' && key !== 'forMs'), 'nothing to do');

export interface Controlled extends Scripts {
  readonly models: ModelList;
  readonly files: FileStore;
  redirectTarget: string;
}

export interface ControlOutcome {
  /** Requests that now have a behaviour waiting for them. */
  readonly queued?: number;
  /** To be done once the answer is out. */
  readonly closePortMs?: number;
}

/** Does what one `POST /__control` asks for; nothing of it if any part is wrong. */
export function control(controlled: Controlled, body: unknown): ControlOutcome {
  const { script, always, forModel, listen, forMs, redirectTo, models, files } = parseBody(
    controlSchema,
    body,
  );
  const target = redirectTo === undefined ? undefined : readTarget(redirectTo);
  const standing = typeof always === 'string' ? readPlan(parseScript(always)) : undefined;
  const queued = script && controlled.queue.add(script, forModel);
  if (always !== undefined) controlled.standing.set(standing, forModel);
  if (target !== undefined) controlled.redirectTarget = target;
  if (models) controlled.models.replace(models);
  if (files) controlled.files.configure(files);
  return {
    ...(queued !== undefined && { queued }),
    ...(listen === false && { closePortMs: forMs ?? DEFAULT_CLOSURE_MS }),
  };
}
