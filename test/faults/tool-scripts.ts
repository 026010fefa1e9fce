/** What a session of one tool has learned so far. */
export interface SessionState {
  /** A source file that the tools may read. */
  readonly file: string;
  /** A git repository that they may read. */
  readonly repository: string;
  /** Of a file that this caller has at a provider. */
  readonly fileId: string;
  /** Of a call of this caller that has ended. */
  readonly callId: string;
  /** From the newest answer that had one. */
  readonly continuationId: string | undefined;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** One tool as an agent uses it over five calls. */
export interface ToolScript {
  readonly tool: string;
  /**
   * @param number of the call, 1 to 5
   * @param last ask for the end of a workflow, whatever the number
   */
  readonly call: (number: number, state: SessionState, last?: boolean) => Arguments;
  /** Added to a call, it must be refused. */
  readonly bad: Arguments;
  /** Whether call 3 can meet a failing model, store or worker: the other tools are answered in the gateway. */
  readonly place: 'gateway' | 'worker';
}

const STEPS = 5;
const NOT_AN_ARGUMENT = { no_such_argument: true };

const steps = (number: number, { continuationId }: SessionState, last = number === STEPS): Arguments => ({
  step: `Look at part ${number} of the connection pool.`,
  step_number: number,
  total_steps: STEPS,
  next_step_required: !last,
  ...(continuationId !== undefined && { continuation_id: continuationId }),
});

const evidence = (number: number, state: SessionState, last?: boolean): Arguments => ({
  ...steps(number, state, last),
  findings: `Part ${number} holds one connection too many.`,
  relevant_files: [state.file],
  confidence: 'medium',
});

function workflow(tool: string, own: (state: SessionState) => Arguments = () => ({})): ToolScript {
  return {
    tool,
    call: (number, state, last) => ({ ...evidence(number, state, last), ...own(state) }),
    bad: { step_number: 'three' },
    place: 'worker',
  };
}

function inline(tool: string, args: Arguments = {}): ToolScript {
  return { tool, call: () => args, bad: NOT_AN_ARGUMENT, place: 'gateway' };
}

function once(tool: string, args: Arguments): ToolScript {
  return { tool, call: () => args, bad: NOT_AN_ARGUMENT, place: 'worker' };
}

const thread = ({ continuationId }: SessionState): Arguments =>
  continuationId === undefined ? {} : { continuation_id: continuationId };

/** The panel of `consensus`: one model for each of its five steps. */
export const PANEL = ['kimi-k2.6', 'glm-5.2', 'kimi-k2.5', 'glm-4.7', 'glm-4.6'] as const;

/** The 20 tools of profile `standard`. */
export const TOOL_SCRIPTS: readonly ToolScript[] = [
  inline('status'),
  inline('listmodels'),
  inline('version'),
  inline('glm_payload_preview', { prompt: 'Hello?' }),
  {
    tool: 'chat',
    call: (number, state) => ({ prompt: `Question ${number}?`, use_websearch: false, ...thread(state) }),
    bad: { prompt: 5 },
    place: 'worker',
  },
  {
    tool: 'planner',
    call: (number, state, last) => steps(number, state, last),
    bad: { step_number: 0 },
    place: 'worker',
  },
  ...['analyze', 'codereview', 'debug', 'refactor', 'testgen', 'thinkdeep', 'secaudit'].map((tool) =>
    workflow(tool),
  ),
  workflow('precommit', ({ repository }) => ({ path: repository })),
  {
    tool: 'docgen',
    call: (number, state, last) => ({
      ...steps(number, state, last),
      findings: `File ${number} has no comment.`,
      relevant_files: [state.file],
      document_complexity: true,
      document_flow: true,
      update_existing: true,
      comments_on_complex_logic: true,
      num_files_documented: number - 1,
      total_files_to_document: STEPS - 1,
    }),
    bad: { num_files_documented: -1 },
    place: 'worker',
  },
  {
    tool: 'tracer',
    call: (number, state, last) => ({
      ...steps(number, state, last),
      findings: `Call ${number} opens a connection.`,
      relevant_files: [state.file],
      trace_mode: 'precision',
      target_description: 'open()',
    }),
    bad: { trace_mode: 'sideways' },
    place: 'worker',
  },
  {
    tool: 'consensus',
    call: (number, state) => ({
      ...steps(number, state, number === STEPS),
      ...(number === 1 && {
        findings: 'The pool has five connections.',
        models: PANEL.map((model) => ({ model })),
      }),
    }),
    bad: { models: [{ model: 'kimi-k2.6' }] },
    place: 'worker',
  },
  {
    tool: 'kimi_chat_with_tools',
    call: (number) => ({ messages: `Question ${number}?`, model: 'kimi-k2.6' }),
    bad: { messages: [] },
    place: 'worker',
  },
  {
    tool: 'smart_file_query',
    call: (number, { file }) => ({ file_path: file, question: `What is export ${number}?` }),
    bad: { file_path: 5 },
    place: 'worker',
  },
  {
    tool: 'smart_file_download',
    call: (_number, { fileId }) => ({ file_id: fileId }),
    bad: { file_id: '../escape' },
    place: 'worker',
  },
];

/** `call_result`, which every profile has, and the other tools of profile `full`: one call each. */
export const HIDDEN_SCRIPTS: readonly ToolScript[] = [
  inline('activity'),
  {
    tool: 'call_result',
    call: (_number, { callId }) => ({ call_id: callId }),
    bad: { call_id: 'hello' },
    place: 'gateway',
  },
  inline('apilookup', { prompt: 'zod 4 string formats' }),
  inline('challenge', { prompt: 'The pool cannot leak.' }),
  inline('health'),
  inline('provider_capabilities'),
  inline('self-check'),
  inline('threads', { operation: 'list' }),
  inline('toolcall_log_tail'),
  once('test_echo', { message: 'hello' }),
  once('kimi_manage_files', { operation: 'list' }),
  once('kimi_intent_analysis', { prompt: 'What is new in Node 26?' }),
  once('kimi_capture_headers', { messages: 'Hello?' }),
  once('glm_web_search', { search_query: 'node release schedule' }),
];
