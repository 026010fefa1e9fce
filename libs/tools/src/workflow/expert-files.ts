import { type ReadFiles, type SkippedFile } from '#libs/file-access';
import { showFile, type ShownFile } from '../asking/prompt.js';

const MAX_FILES = 20;
const MAX_FILE_BYTES = 102_400;

export interface ExpertFiles {
  readonly files: readonly ShownFile[];
  readonly leftOut: readonly SkippedFile[];
  readonly tokens: number;
}

/** What of the files the model is shown, those that come first first. */
export function selectExpertFiles({ files, skipped }: ReadFiles, maxTokens: number): ExpertFiles {
  const shown: ShownFile[] = [];
  const leftOut: SkippedFile[] = [...skipped];
  let tokens = 0;
  for (const file of files) {
    const { path } = file;
    if (shown.length >= MAX_FILES) {
      leftOut.push({ path, reason: `more than ${MAX_FILES} files` });
    } else if (Buffer.byteLength(file.content) > MAX_FILE_BYTES) {
      leftOut.push({ path, reason: 'over 100 KB' });
    } else {
      const candidate = showFile(file);
      if (tokens + candidate.tokens > maxTokens) {
        leftOut.push({ path, reason: 'no room left in the context of the model' });
      } else {
        tokens += candidate.tokens;
        shown.push(candidate);
      }
    }
  }
  return { files: shown, leftOut, tokens };
}
