import { defineInlineTool } from '../define.js';
import { text } from '../fields.js';

const INSTRUCTIONS = `Look this up on the web now, with your own search tools; your training data is not a source for it.

Before you search
- Take the exact name of the library, API or platform, and the version in use from the project (lock file, manifest, imports).
- Find out today's date, and put the current year into the search.

Where to look, in this order
1. The maker's own documentation for that version, and its API reference.
2. The maker's release notes, changelog and migration guide.
3. The project's repository: source, issues, discussions.
4. Package registries, for the newest version and its date.
Use blogs and answers of others only to find one of these.

What to check
- The newest stable version and when it came out; whether what is asked about is deprecated, renamed or removed.
- Signatures, parameters, defaults, limits and errors, as the reference states them.
- Breaking changes between the version in use and the newest.
- Read the page itself; a line in a list of search results is no evidence.

How to answer
- The answer first, for the version in use; then what differs in the newest.
- A link and a date for every statement that matters. Say so when sources disagree, or when you found none.
- A short example only if it follows the documentation that you read.
- Stop after a few searches: say what you could not find instead of guessing.`;

export const apilookup = defineInlineTool({
  name: 'apilookup',
  title: 'Look up an API',
  description:
    'Instructions for looking up current documentation, versions, breaking changes or deprecations of an API or library ' +
    'with your own web search. Searches nothing itself.',
  tier: 'hidden',
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  fields: { prompt: text('The API, library or platform, and the question.') },
  answer: async ({ prompt }) =>
    Promise.resolve({
      status: 'web_lookup_needed',
      content: `${INSTRUCTIONS}\n\nThe question:\n${prompt}`,
      contentType: 'markdown',
      fields: { instructions: INSTRUCTIONS, user_prompt: prompt },
    }),
});
