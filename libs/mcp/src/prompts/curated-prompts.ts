import { type PromptArgument, type PromptArguments, type PromptDefinition } from './prompt.js';

const MODEL: PromptArgument = {
  name: 'model',
  description: 'Model id or alias; the server chooses when left out.',
  required: false,
};

/** What people ask for most, in their words. A name must not be that of a tool. */
export const CURATED_PROMPTS: readonly PromptDefinition[] = [
  {
    name: 'review-my-changes',
    title: 'Review my changes',
    description: 'Check the uncommitted changes of a git repository before they are committed.',
    tool: 'precommit',
    arguments: [
      {
        name: 'path',
        description: 'Absolute path of the repository; the one you work in when left out.',
        required: false,
      },
      { name: 'compare_to', description: 'Branch, tag or commit to compare with.', required: false },
      { name: 'focus_on', description: 'What to look at above all.', required: false },
      MODEL,
    ],
    text: (args) =>
      lines(
        'Review my changes with the tool `precommit`, step by step as its answers say, to the last step.',
        args['path'] === undefined &&
          'Pass the absolute path of the repository that we work in as `path` in step 1.',
        given(args, 'path', 'compare_to', 'focus_on', 'model'),
        'Then tell me whether to commit, and what to mend first: the gravest first, with file and line.',
      ),
  },
  {
    name: 'second-opinion',
    title: 'Second opinion',
    description: 'Ask another model what it thinks of a question or of what was just said.',
    tool: 'chat',
    arguments: [
      {
        name: 'question',
        description: 'What to ask; what we just discussed when left out.',
        required: false,
      },
      MODEL,
      {
        name: 'thinking_mode',
        description: 'How hard a reasoning model thinks.',
        required: false,
        values: ['minimal', 'low', 'medium', 'high', 'max'],
      },
    ],
    text: (args) =>
      lines(
        'Get a second opinion with the tool `chat`.',
        args['question'] === undefined
          ? 'The question is what we just discussed: put it into `prompt` so that it can be understood alone, without your own conclusion.'
          : block('The question, for `prompt`, with what one must know to answer it:', args['question']),
        given(args, 'model', 'thinking_mode'),
        'Then tell me where that answer and yours agree, where they differ, and which is right and why.',
      ),
  },
  {
    name: 'find-the-bug',
    title: 'Find the bug',
    description: 'Find the cause of a failure by evidence, and the smallest fix.',
    tool: 'debug',
    arguments: [
      { name: 'symptom', description: 'What goes wrong: message, input, when it began.', required: true },
      { name: 'where', description: 'File, function or place to begin with.', required: false },
      MODEL,
    ],
    text: (args) =>
      lines(
        'Find the cause of this failure with the tool `debug`, step by step as its answers say, to the last step.',
        block('Symptom:', args['symptom'] ?? ''),
        args['where'] !== undefined && block('Begin here:', args['where']),
        given(args, 'model'),
        'Read the code before you judge it. Then tell me the cause with file and line, and the smallest fix.',
      ),
  },
  {
    name: 'panel',
    title: 'Ask a panel',
    description: 'Put a proposal to several models, for, against and neutral, and weigh their answers.',
    tool: 'consensus',
    arguments: [
      { name: 'proposal', description: 'The proposal or question to be judged.', required: true },
      {
        name: 'models',
        description: 'Two to ten models, separated by commas; chosen from listmodels when left out.',
        required: false,
      },
    ],
    text: (args) =>
      lines(
        'Put this proposal to a panel of models with the tool `consensus`, one of them for it, one against it, the others neutral.',
        block('Proposal, word for word for `step` of step 1:', args['proposal'] ?? ''),
        args['models'] === undefined
          ? 'Choose three usable models of different providers with the tool `listmodels`.'
          : block('Models:', args['models']),
        'Then tell me where they agree, where they differ, and what you recommend.',
      ),
  },
];

function lines(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false && part !== '').join('\n\n');
}

function block(lead: string, content: string): string {
  return `${lead}\n${content}`;
}

/** Those of the arguments that go to the tool as they are. */
function given(args: PromptArguments, ...names: readonly string[]): string {
  const entries = names.flatMap((name) => {
    const value = args[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  if (entries.length === 0) return '';
  return block('Pass these arguments as they are:', JSON.stringify(Object.fromEntries(entries), null, 2));
}
