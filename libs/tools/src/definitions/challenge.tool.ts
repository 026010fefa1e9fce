import { defineInlineTool } from '../define.js';
import { text } from '../fields.js';

const INSTRUCTIONS =
  'Answer challenge_prompt yourself, now, before you reply to the user. Do not agree because the user said so, and ' +
  'do not disagree for the sake of it. If you change your earlier position, say what made you change it.';

export const challenge = defineInlineTool({
  name: 'challenge',
  title: 'Examine a statement',
  description:
    'Wraps a statement so that you examine it instead of agreeing. For when the user doubts, objects or corrects you. ' +
    'Asks no model.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  fields: { prompt: text('The statement to examine, word for word.') },
  answer: async ({ prompt }) => {
    const challengePrompt = wrap(prompt);
    return Promise.resolve({
      status: 'challenge_accepted',
      content: challengePrompt,
      contentType: 'markdown',
      fields: {
        original_statement: prompt,
        challenge_prompt: challengePrompt,
        instructions: INSTRUCTIONS,
      },
    });
  },
});

function wrap(statement: string): string {
  return `Examine this statement on its merits:

<statement>
${statement}
</statement>

1. Restate in one sentence what is claimed, and what it takes for granted.
2. Look for evidence for and against it in the code, the documents and the facts of this conversation; look things up where you can.
3. Name what would have to be true for it to be wrong, and check that.
4. Judge: right, wrong, or right only under conditions; say which part, why, and how sure you are.
5. If it is wrong, say so plainly and give the better answer. If it is right, confirm it with the evidence, not with praise.`;
}
