import { z } from 'zod';
import { defineUtilityTool, invalidArgument, type RemovalReport, type StoredFileReport } from '../define.js';
import { shortText } from '../fields.js';

const PROVIDER = 'kimi';

const CLEANUPS = { cleanup_all: 'all', cleanup_orphaned: 'orphaned', cleanup_expired: 'expired' } as const;

export const kimiManageFiles = defineUtilityTool({
  name: 'kimi_manage_files',
  title: 'Files at Kimi',
  description:
    'Your own files at Kimi: list them, delete one, or clean up: all, those unused for 14 days (expired), or those ' +
    'that Kimi has lost or nobody can use (orphaned). Deleting is for good.',
  tier: 'hidden',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  fields: {
    operation: z
      .enum(['list', 'delete', 'cleanup_all', 'cleanup_orphaned', 'cleanup_expired'])
      .describe('What to do.'),
    file_id: shortText('The file to delete.').optional(),
    limit: z.int().min(1).max(1_000).default(100).describe('Most files to list or clean up.'),
    dry_run: z.boolean().default(false).describe('Only tell what would be deleted.'),
  },
  async answer({ operation, file_id, limit, dry_run: dryRun }, { documents }) {
    if (operation === 'list') {
      const files = await documents.list(PROVIDER, limit);
      return { content: listOf(files), contentType: 'markdown', fields: { files } };
    }
    if (operation === 'delete') {
      if (file_id === undefined) throw invalidArgument('/file_id', 'the file to delete; list names them');
      return removalAnswer(await documents.delete(PROVIDER, file_id, { dryRun }), dryRun);
    }
    const report = await documents.cleanUp(PROVIDER, CLEANUPS[operation], { limit, dryRun });
    return removalAnswer(report, dryRun);
  },
});

function removalAnswer({ deleted, failed }: RemovalReport, dryRun: boolean) {
  const done = `${deleted.length} ${deleted.length === 1 ? 'file' : 'files'} ${dryRun ? 'would be' : 'were'} deleted.`;
  const left =
    failed.length > 0
      ? `\n\n${failed.length} could not be deleted at Kimi now; it is tried again hourly.`
      : '';
  const list = deleted.length > 0 ? `\n\n${listOf(deleted)}` : '';
  return {
    content: `${done}${list}${left}`,
    contentType: 'markdown' as const,
    fields: { deleted, failed, dry_run: dryRun },
  };
}

function listOf(files: readonly StoredFileReport[]): string {
  if (files.length === 0) return 'There are no files.';
  return files
    .map(
      ({ file_id, filename, size_bytes, uses, last_used_at }) =>
        `- \`${file_id}\`: ${filename}, ${size_bytes} bytes, used ${uses} times, last ${last_used_at}`,
    )
    .join('\n');
}
