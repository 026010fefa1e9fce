import { z } from 'zod';
import { defineInlineTool, invalidArgument, type ThreadReport, type ThreadSummary } from '../define.js';
import { shortText } from '../fields.js';

export const threads = defineInlineTool({
  name: 'threads',
  title: 'Conversations',
  description: 'Your own conversations: list them, show one with its turns, or delete one for good.',
  tier: 'hidden',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  fields: {
    operation: z.enum(['list', 'show', 'delete']).default('list').describe('What to do.'),
    continuation_id: shortText('The conversation to show or delete.').optional(),
    limit: z.int().min(1).max(100).default(20).describe('Most conversations to list, or turns to show.'),
  },
  async answer({ operation, continuation_id, limit }, view, { principal }) {
    if (operation === 'list') {
      const found = await view.records.threads(principal, limit);
      return { content: listOf(found), contentType: 'markdown', fields: { threads: found } };
    }
    if (continuation_id === undefined) {
      throw invalidArgument('/continuation_id', `the conversation to ${operation}; list names them`);
    }
    if (operation === 'show') {
      const thread = await view.records.thread(principal, continuation_id, limit);
      return { content: textOf(thread), contentType: 'markdown', fields: { thread } };
    }
    await view.records.deleteThread(principal, continuation_id);
    return {
      content: `The conversation ${continuation_id} is deleted.`,
      contentType: 'text',
      fields: { deleted: continuation_id },
    };
  },
});

function listOf(found: readonly ThreadSummary[]): string {
  if (found.length === 0) return 'There are no conversations.';
  return found
    .map(
      ({ continuation_id, tool, turns, last_activity_at, expires_at }) =>
        `- \`${continuation_id}\`: ${tool}, ${turns} turns, last used ${last_activity_at}, kept until ${expires_at}`,
    )
    .join('\n');
}

function textOf({ continuation_id, turns, messages }: ThreadReport): string {
  const parts = messages.map(({ role, tool, model, content }) => {
    const who = model === undefined ? role : `${role}, ${model}`;
    return `## ${who} (${tool})\n\n${content}`;
  });
  return [`# Conversation ${continuation_id}, ${messages.length} of ${turns} turns`, ...parts].join('\n\n');
}
