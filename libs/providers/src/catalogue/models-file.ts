import { idOf, invalid } from './catalogue.js';
import { type FileModelOverride, modelsFileSchema } from './providers-file.schema.js';
import { readStructuredFile } from './structured-file.js';

export const CATALOG_FILE = 'EXAI_MODEL_CATALOG_FILE';

/** @throws ExaiError CONFIG_INVALID that lists every fault with file, model and field */
export function readModelsFile(path: string): readonly FileModelOverride[] {
  const content = readStructuredFile(path, CATALOG_FILE);
  const parsed = modelsFileSchema.safeParse(content);
  if (parsed.success) return parsed.data.models;
  const faults = parsed.error.issues.map((issue) => `${placeIn(content, issue.path)}: ${issue.message}`);
  throw invalid(`${path}: ${faults.join('; ')}`, CATALOG_FILE);
}

function placeIn(content: unknown, path: readonly PropertyKey[]): string {
  const [list, index, ...field] = path;
  const models = (content as { models?: unknown } | null)?.models;
  return list === 'models' && typeof index === 'number' && Array.isArray(models)
    ? `model "${idOf(models[index])}", field ${field.map(String).join('.')}`
    : `field ${path.map(String).join('.') || '(the whole file)'}`;
}
