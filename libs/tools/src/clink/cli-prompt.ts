import { randomBytes } from 'node:crypto';
import { trimHistory, type Turn } from '#libs/conversations';
import { estimateTokens } from '#libs/providers';

/** A program has a window of its own, whose size nobody tells us. */
const MAX_HISTORY_TOKENS = 30_000;

export interface CliPromptParts {
  readonly role: string;
  /** Oldest first. */
  readonly turns: readonly Turn[];
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly images: readonly string[];
  readonly prompt: string;
}

/** What a program reads from its standard input. Files are named: it reads them itself. */
export function cliPrompt({ role, turns, files, images, prompt }: CliPromptParts): string {
  return [
    role,
    conversation(turns),
    listed('Files to look at:', files),
    listed('Images to look at:', images),
    prompt,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The mark is random for each call, so that no turn can end its own block. */
function conversation(all: readonly Turn[]): string {
  if (all.length === 0) return '';
  const { turns, note = '' } = trimHistory(all, MAX_HISTORY_TOKENS, estimateTokens);
  const mark = randomBytes(8).toString('hex');
  const blocks = turns.map(
    ({ role, content }) =>
      `--- BEGIN ${role.toUpperCase()} ${mark}\n${content}\n--- END ${role.toUpperCase()} ${mark}`,
  );
  const lead = `The conversation so far, oldest first, each turn between lines with the mark ${mark}.`;
  return [lead, note, ...blocks].filter((part) => part !== '').join('\n');
}

function listed(title: string, paths: readonly string[]): string {
  return paths.length === 0 ? '' : [title, ...paths.map((path) => `- ${path}`)].join('\n');
}
