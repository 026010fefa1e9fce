import { ExaiError } from '#libs/errors';
import { type CallFiles, isDataUrl } from '#libs/file-access';
import { type WorkflowTool } from '../define.js';
import { readImages } from '../asking/images.js';
import { type ToolCall } from '../tool.js';
import { type PathField, type WorkflowStep } from './workflow.js';

/**
 * Every path that a step names must lie where tools may read. Files are not read here: most steps only note what the
 * caller has read. Images are, since only their bytes tell whether they are any.
 * @throws ExaiError FORBIDDEN, INVALID_ARGUMENT, FILE_DENIED, FILE_NOT_FOUND, FILE_TOO_LARGE, FILE_BINARY
 */
export async function checkStepPaths(
  { pathFields = [] }: WorkflowTool,
  { relevantFiles, filesChecked, images }: WorkflowStep,
  call: ToolCall,
  files: CallFiles,
  signal: AbortSignal,
): Promise<void> {
  const own = pathFields.map((pathField) => ({ ...pathField, paths: pathsIn(call, pathField) }));
  const named = [relevantFiles, filesChecked, images.filter((image) => !isDataUrl(image))];
  const areNamed = [...named, ...own.map(({ paths }) => paths)].some(({ length }) => length > 0);
  if (areNamed && !call.principal.scopes.includes('files:read')) {
    throw new ExaiError('FORBIDDEN', { requiredScope: 'files:read' });
  }
  await files.check(relevantFiles, 'relevant_files', { exists: true, signal });
  // May be gone since the caller looked at it.
  await files.check(filesChecked, 'files_checked', { exists: false, signal });
  for (const { field, exists, paths } of own) {
    if (paths.length > 0) await files.check(paths, field, { exists, signal });
  }
  await readImages(images, files, signal);
}

function pathsIn({ args }: ToolCall, { field }: PathField): readonly string[] | string {
  const value = args[field];
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
