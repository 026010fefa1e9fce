import { encode } from 'gpt-tokenizer';
import { describe, expect, it } from 'vitest';
import { defineWorkflowTool, type WorkflowTool, type WorkflowView } from '../define.js';
import { evidenceFields, expertFields, stepFields } from '../fields.js';
import { EVIDENCE_RULES, FILE_RULES, FILES_NEEDED } from '../prompt-rules.js';
import { ToolCatalog } from '../tool-catalog.js';
import { gather } from '../workflow/gather.js';
import { withStep } from '../workflow/workflow-state.js';
import { readArguments, toStep } from '../workflow/workflow-step.js';
import { CONFIDENCES, type WorkflowState } from '../workflow/workflow.js';
import { analyze } from './analyze.tool.js';
import { codereview } from './codereview.tool.js';
import { debug } from './debug.tool.js';
import { precommit } from './precommit.tool.js';
import { refactor } from './refactor.tool.js';
import { secaudit } from './secaudit.tool.js';
import { testgen } from './testgen.tool.js';
import { thinkdeep } from './thinkdeep.tool.js';

const TOOLS = [analyze, codereview, debug, precommit, refactor, secaudit, testgen, thinkdeep];

/** What a workflow tool has at least; what a tool costs beside it is its own share. */
const bare = defineWorkflowTool({
  name: 'bare',
  title: '',
  description: '',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  alias: 'bare',
  completedStatus: 'done',
  stages: [],
  fields: { ...stepFields, ...evidenceFields, ...expertFields },
});

const INVISIBLE = /[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/u;

type Arguments = Readonly<Record<string, unknown>>;
type CatalogConfig = Parameters<typeof ToolCatalog.build>[1];

const config: CatalogConfig = {
  tools: {
    profile: 'standard',
    enabled: [],
    disabled: [],
    simpleTimeoutMs: 240_000,
    workflowTimeoutMs: 600_000,
    expertAnalysis: true,
  },
  limits: {
    maxBodyBytes: 4_194_304,
    maxPromptChars: 60_000,
    maxCallMs: 1_800_000,
    maxConnections: 5_000,
    sessionMaxInflight: 64,
    socketMessagesPerSecond: 500,
  },
};
const catalog = ToolCatalog.build(TOOLS, config);

function parse(tool: WorkflowTool, args: Arguments) {
  const result = catalog.find(tool.name)?.parse(args);
  if (!result?.ok) throw new Error(JSON.stringify(result));
  return result.args;
}

/** The view after these steps, built as the engine builds it; numbers and required fields are filled in. */
function viewAfter(tool: WorkflowTool, steps: readonly Arguments[], earlierTurns = 0): WorkflowView {
  let state: WorkflowState | undefined;
  let args: Arguments = {};
  for (const [index, own] of steps.entries()) {
    const base = {
      step: 'Work.',
      step_number: index + 1,
      total_steps: 9,
      next_step_required: true,
      findings: 'Something.',
    };
    args = parse(tool, { ...base, ...own });
    const step = toStep(readArguments(args), args);
    state = withStep(state, { tool: tool.name, step, last: false, turns: earlierTurns });
  }
  if (!state) throw new Error('no step');
  return {
    args,
    state,
    gathered: gather(state.steps),
    stepNumber: Number(args['step_number']),
    totalSteps: Number(args['total_steps']),
    continued: steps.length > 1 || earlierTurns > 0,
  };
}

function expertOf({ name, expert }: WorkflowTool) {
  if (!expert) throw new Error(`${name} asks no model`);
  return expert;
}

function stageOf(tool: WorkflowTool, view: WorkflowView): number {
  return tool.stages.findIndex(({ when }) => when(view));
}

const named = TOOLS.map((tool) => [tool.name, tool] as const);

describe('vocabulary', () => {
  it.each([
    [analyze, 'analysis', undefined, 'analysis_complete_ready_for_implementation'],
    [codereview, 'code_review', undefined, 'code_review_complete_ready_for_implementation'],
    [debug, 'investigation', undefined, 'certain_confidence_proceed_with_fix'],
    [
      refactor,
      'refactoring_analysis',
      'refactoring',
      'refactoring_analysis_complete_ready_for_implementation',
    ],
    [secaudit, 'security_audit', undefined, 'security_analysis_complete'],
    [testgen, 'test_analysis', 'test_generation', 'test_generation_complete_ready_for_implementation'],
    [thinkdeep, 'thinkdeep', 'thinking', 'deep_thinking_complete_ready_for_implementation'],
    [precommit, 'validation', undefined, 'validation_complete_ready_for_commit'],
  ] as const)('$name speaks with its own words', (tool, alias, completeName, completedStatus) => {
    expect([tool.alias, tool.completeName, tool.completedStatus]).toEqual([
      alias,
      completeName,
      completedStatus,
    ]);
  });

  it('puts the tools into their tiers', () => {
    expect(named.filter(([, { tier }]) => tier === 'core').map(([name]) => name)).toEqual([
      'analyze',
      'codereview',
      'debug',
      'refactor',
      'testgen',
      'thinkdeep',
    ]);
    expect([secaudit.tier, precommit.tier]).toEqual(['advanced', 'advanced']);
  });

  it.each(named)('%s reads only, asks a reasoning model, and by its own defaults', (name, tool) => {
    expect(tool.annotations).toEqual({ readOnlyHint: true, openWorldHint: true });
    expect(tool.category).toBe('EXTENDED_REASONING');
    expect(expertOf(tool).defaults).toEqual(
      name === 'thinkdeep'
        ? { temperature: 0.7, thinkingMode: 'high' }
        : { temperature: 0.2, thinkingMode: 'minimal' },
    );
  });
});

describe('fields', () => {
  const accepts = (tool: WorkflowTool, own: Arguments) =>
    catalog
      .find(tool.name)
      ?.parse({ step: 'a', step_number: 1, total_steps: 1, next_step_required: false, findings: 'b', ...own })
      .ok;

  it.each([
    [analyze, 'analysis_type', ['architecture', 'performance', 'security', 'quality', 'general']],
    [analyze, 'output_format', ['summary', 'detailed', 'actionable']],
    [codereview, 'review_type', ['full', 'security', 'performance', 'quick']],
    [codereview, 'review_validation_type', ['external', 'internal']],
    [codereview, 'severity_filter', ['critical', 'high', 'medium', 'low', 'all']],
    [refactor, 'refactor_type', ['codesmells', 'decompose', 'modernize', 'organization']],
    [secaudit, 'threat_level', ['low', 'medium', 'high', 'critical']],
    [secaudit, 'audit_focus', ['owasp', 'compliance', 'infrastructure', 'dependencies', 'comprehensive']],
    [secaudit, 'severity_filter', ['critical', 'high', 'medium', 'low', 'all']],
    [precommit, 'precommit_type', ['external', 'internal']],
    [precommit, 'severity_filter', ['critical', 'high', 'medium', 'low', 'all']],
  ] as const)('$name has $1', (tool, field, values) => {
    for (const value of values) expect(accepts(tool, { [field]: value }), value).toBe(true);
    expect(accepts(tool, { [field]: 'other' })).toBe(false);
  });

  it('turns a single string into a list of one', () => {
    expect(
      parse(refactor, { ...step(1), focus_areas: 'naming', style_guide_examples: '/a.ts' }),
    ).toMatchObject({
      focus_areas: ['naming'],
      style_guide_examples: ['/a.ts'],
    });
    expect(parse(thinkdeep, { ...step(1), focus_areas: 'cost' })).toMatchObject({ focus_areas: ['cost'] });
    expect(parse(secaudit, { ...step(1), compliance_requirements: 'GDPR' })).toMatchObject({
      compliance_requirements: ['GDPR'],
    });
  });

  it('has no hypothesis in analyze, and one in the others', () => {
    for (const tool of TOOLS) expect(accepts(tool, { hypothesis: 'x' }), tool.name).toBe(tool !== analyze);
  });

  it.each([
    ['incomplete', 'low'],
    ['partial', 'medium'],
    ['complete', 'certain'],
    ['high', 'high'],
    [undefined, 'low'],
  ])('refactor understands the confidence %s as %s', (said, understood) => {
    expect(parse(refactor, { ...step(1), confidence: said })['confidence']).toBe(understood);
    expect(accepts(refactor, { confidence: 'toString' })).toBe(false);
  });

  it.each(named)('%s takes images without listing them', (name, tool) => {
    expect(parse(tool, { ...step(1), images: '/a.png' })).toMatchObject({ images: ['/a.png'] });
    const properties = catalog.find(name)?.listed.inputSchema['properties'];
    expect(Object.keys(properties as object)).not.toContain('images');
  });

  it('has the paths of its own fields checked like those of every workflow', () => {
    expect(TOOLS.flatMap(({ name, pathFields = [] }) => pathFields.map((row) => ({ name, ...row })))).toEqual(
      [
        { name: 'precommit', field: 'path', exists: true },
        { name: 'refactor', field: 'style_guide_examples', exists: true },
      ],
    );
  });

  it('needs files at the first step where the tool works on files', () => {
    const needy = TOOLS.filter(({ needsFiles }) => needsFiles);
    expect(needy).toEqual([analyze, codereview, refactor, secaudit, testgen]);
  });

  it.each([undefined, '', 'src', '~/src'])('precommit refuses the path %j at its first step', (path) => {
    const view = viewAfter(precommit, [path === undefined ? {} : { path }]);
    expect(() => precommit.answerFirst?.(view)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { issues: [{ pointer: '/path', expected: 'the absolute path of the repository (step 1)' }] },
      }) as Error,
    );
  });

  it('precommit wants its path once', () => {
    for (const path of ['/repo', 'C:\\repo', 'C:/repo']) {
      expect(precommit.answerFirst?.(viewAfter(precommit, [{ path }]))).toBeUndefined();
    }
    expect(precommit.answerFirst?.(viewAfter(precommit, [{ path: '/repo' }, {}]))).toBeUndefined();
  });
});

function step(number: number): Arguments {
  return { step: 'a', step_number: number, total_steps: 3, next_step_required: true, findings: 'b' };
}

describe('stages', () => {
  const everyView = (tool: WorkflowTool): WorkflowView[] =>
    [0, 3].flatMap((earlierTurns) =>
      CONFIDENCES.flatMap((confidence) =>
        [1, 2, 3, 4, 5, 6, 7].map((count) =>
          viewAfter(tool, Array<Arguments>(count).fill({ confidence }), earlierTurns),
        ),
      ),
    );

  it.each(named)('%s reaches each of its stages, and always one', (_name, tool) => {
    const reached = new Set(everyView(tool).map((view) => stageOf(tool, view)));
    expect([...reached].sort()).toEqual(tool.stages.map((_, index) => index));
    const last = tool.stages.at(-1);
    expect(everyView(tool).every((view) => last?.when(view))).toBe(true);
  });

  it.each(named)('%s asks for concrete actions, none twice', (_name, tool) => {
    const actions = tool.stages.flatMap((stage) => stage.actions);
    expect(new Set(actions).size).toBe(actions.length);
    for (const { actions: ofStage } of tool.stages) {
      expect(ofStage.length).toBeGreaterThanOrEqual(3);
      expect(ofStage.length).toBeLessThanOrEqual(5);
    }
    for (const action of actions) {
      expect(action).toMatch(/^[A-Z].{40,200}[.?]$/);
      expect(action).not.toMatch(INVISIBLE);
    }
  });

  it.each([
    [analyze, 1, 'certain', 'Map the structure'],
    [analyze, 2, 'low', 'core modules'],
    [analyze, 2, 'medium', 'how it grows'],
    [analyze, 2, 'high', 'Rank the improvements'],
    [codereview, 1, 'low', 'everything in scope'],
    [codereview, 2, 'high', 'Security:'],
    [codereview, 3, 'low', 'what is done well'],
    [debug, 1, 'low', 'symptom'],
    [debug, 2, 'exploring', 'edge cases'],
    [debug, 2, 'low', 'trace calls'],
    [debug, 3, 'medium', 'siblings'],
    [debug, 3, 'very_high', '"no bug" is a valid result'],
    [debug, 3, 'almost_certain', 'causal chain'],
    [refactor, 2, 'partial', 'start and end lines'],
    [secaudit, 1, 'low', 'entry point'],
    [secaudit, 2, 'low', 'Authorization'],
    [secaudit, 3, 'low', 'Injection'],
    [secaudit, 4, 'low', 'Cryptography'],
    [secaudit, 5, 'low', 'OWASP'],
    [secaudit, 6, 'low', 'Rank by impact'],
    [secaudit, 9, 'low', 'Rank by impact'],
    [testgen, 1, 'low', 'test framework'],
    [thinkdeep, 1, 'low', 'assumptions'],
    [precommit, 1, 'low', 'git diff --cached'],
    [precommit, 2, 'certain', 'every caller'],
    [precommit, 3, 'low', 'ready to commit'],
  ] as const)('$name at step $1, $2, says: $3', (tool, number, confidence, words) => {
    const view = viewAfter(tool, Array<Arguments>(number).fill({ confidence }));
    const actions = tool.stages[stageOf(tool, view)]?.actions.join('\n') ?? '';
    expect(actions.toLowerCase()).toContain(words.toLowerCase());
  });
});

describe('the model is skipped', () => {
  it.each([
    [debug, 'skipped_due_to_certain_confidence'],
    [codereview, 'skipped_due_to_certain_review_confidence'],
    [precommit, 'skipped_due_to_certain_validation_confidence'],
    [secaudit, 'skipped_due_to_certain_audit_confidence'],
    [testgen, 'skipped_due_to_certain_test_confidence'],
    [thinkdeep, 'skipped_due_to_certain_thinking_confidence'],
    [refactor, 'skipped_due_to_complete_refactoring_confidence'],
  ] as const)('by $name when certain, and only then: $1', (tool, status) => {
    for (const confidence of CONFIDENCES) {
      const skip = expertOf(tool).skip?.(viewAfter(tool, [{ confidence: 'certain' }, { confidence }]));
      expect(skip?.status, confidence).toBe(confidence === 'certain' ? status : undefined);
      if (skip) expect(skip.reason).not.toBe('');
    }
  });

  it('never by analyze', () => {
    const skips = CONFIDENCES.map((confidence) =>
      analyze.expert?.skip?.(viewAfter(analyze, [{ confidence }])),
    );
    expect(skips.every((skip) => skip === undefined)).toBe(true);
  });

  it.each([
    [codereview, 'review_validation_type'],
    [precommit, 'precommit_type'],
  ] as const)('by $name for an internal check, also when a later step does not repeat it', (tool, field) => {
    const skipAfter = (...steps: readonly Arguments[]) =>
      expertOf(tool).skip?.(viewAfter(tool, steps))?.status;
    expect(skipAfter({ [field]: 'internal' })).toBe('skipped_due_to_internal_validation');
    expect(skipAfter({ [field]: 'internal' }, {})).toBe('skipped_due_to_internal_validation');
    expect(skipAfter({ [field]: 'internal' }, { [field]: 'external' })).toBeUndefined();
    expect(skipAfter({ [field]: 'external' }, {})).toBeUndefined();
  });
});

describe('the model is asked', () => {
  const file = { relevant_files: ['/a.ts'] };
  const issue = { issues_found: [{ severity: 'low', description: 'x' }] };
  const strict = [codereview, debug, refactor, secaudit, precommit];

  it.each(strict.map((tool) => [tool.name, tool] as const))(
    'by %s for a file, an issue or two findings',
    (_name, tool) => {
      const { isWorthIt } = expertOf(tool);
      expect(isWorthIt(viewAfter(tool, [{}]))).toBe(false);
      expect(isWorthIt(viewAfter(tool, [file]))).toBe(true);
      expect(isWorthIt(viewAfter(tool, [issue]))).toBe(true);
      expect(isWorthIt(viewAfter(tool, [{}, {}]))).toBe(true);
    },
  );

  it.each([
    ['analyze', analyze],
    ['testgen', testgen],
  ] as const)('by %s for a file or one finding', (_name, tool) => {
    const { isWorthIt } = expertOf(tool);
    const view = viewAfter(tool, [{}]);
    const silent = { ...view, gathered: { ...view.gathered, findings: [] } };
    expect(isWorthIt(view)).toBe(true);
    expect(isWorthIt(silent)).toBe(false);
    expect(isWorthIt({ ...silent, gathered: { ...silent.gathered, relevantFiles: ['/a.ts'] } })).toBe(true);
  });

  it('by thinkdeep always', () => {
    const view = viewAfter(thinkdeep, [{}]);
    expect(expertOf(thinkdeep).isWorthIt({ ...view, gathered: gather([]) })).toBe(true);
  });

  it('by refactor with the examples of the style, also when only the first step named them', () => {
    const view = viewAfter(refactor, [{ style_guide_examples: ['/style.ts'] }, {}]);
    expect(expertOf(refactor).extraFiles?.(view)).toEqual(['/style.ts']);
  });
});

describe('number of steps', () => {
  it.each([
    [codereview, 'review_validation_type', 2],
    [precommit, 'precommit_type', 3],
  ] as const)('$name: $2 for an external check, one for an internal one', (tool, field, fewest) => {
    expect(tool.minimumSteps?.(viewAfter(tool, [{}]))).toBe(fewest);
    expect(tool.minimumSteps?.(viewAfter(tool, [{}, {}]))).toBe(fewest);
    expect(tool.minimumSteps?.(viewAfter(tool, [{ [field]: 'internal' }]))).toBe(1);
  });

  it.each([
    [codereview, 'review_validation_type'],
    [precommit, 'precommit_type'],
  ] as const)('$name takes the fast track when it begins inside a conversation', (tool, field) => {
    const fast = viewAfter(tool, [{}], 2);
    expect(tool.minimumSteps?.(fast)).toBe(1);
    expect(expertOf(tool).isWorthIt(fast)).toBe(true);
    expect(tool.stages[stageOf(tool, fast)]?.actions.at(-1)).toContain('next_step_required false');
    const internal = viewAfter(tool, [{ [field]: 'internal' }], 2);
    expect(stageOf(tool, internal)).not.toBe(stageOf(tool, fast));
  });

  it('is free in the other tools', () => {
    const bound = TOOLS.filter(({ minimumSteps, totalSteps }) => minimumSteps ?? totalSteps);
    expect(bound).toEqual([codereview, precommit]);
  });
});

describe('status', () => {
  const issues_found = [
    { severity: 'critical', description: 'a', type: 'decompose' },
    { severity: 'high', description: 'b', type: 'decompose' },
    { severity: 'high', description: 'c' },
    { severity: 'low', description: 'd', type: 'modernize' },
  ];

  it.each([
    ['critical', { critical: 1 }, 1],
    ['high', { critical: 1, high: 2 }, 3],
    ['medium', { critical: 1, high: 2, medium: 0 }, 3],
    ['low', { critical: 1, high: 2, medium: 0, low: 1 }, 4],
    ['all', { critical: 1, high: 2, medium: 0, low: 1 }, 4],
  ])('reports issues from severity %s on, and stores all', (severity_filter, bySeverity, count) => {
    const own = { severity_filter, issues_found };
    const review = viewAfter(codereview, [own, {}]);
    expect(codereview.reported?.(review)).toHaveLength(count);
    expect(codereview.status?.(review)).toEqual({
      issues_by_severity: bySeverity,
      review_validation_type: 'external',
    });
    expect(secaudit.status?.(viewAfter(secaudit, [own, { confidence: 'high' }]))).toEqual({
      vulnerabilities_by_severity: bySeverity,
      audit_confidence: 'high',
    });
    expect(precommit.status?.(viewAfter(precommit, [{ ...own, precommit_type: 'internal' }, {}]))).toEqual({
      issues_identified: count,
      precommit_type: 'internal',
    });
    expect(review.gathered.issues).toHaveLength(4);
    expect(review.state.steps[0]?.issues).toHaveLength(4);
  });

  it('of codereview counts everything when no filter is set', () => {
    expect(codereview.reported?.(viewAfter(codereview, [{ issues_found }]))).toHaveLength(4);
  });

  it('of refactor counts by type; an issue without one is of the type asked for', () => {
    const view = viewAfter(refactor, [
      { issues_found, refactor_type: 'organization', confidence: 'partial' },
      {},
    ]);
    expect(refactor.status?.(view)).toEqual({
      opportunities_by_type: { decompose: 2, organization: 1, modernize: 1 },
      refactor_confidence: 'low',
    });
  });

  it('of debug counts hypotheses, of testgen scenarios', () => {
    const guesses = viewAfter(debug, [{ hypothesis: 'cache' }, { hypothesis: 'clock' }, {}]);
    expect(debug.status?.(guesses)).toEqual({ hypotheses_formed: 2 });
    const scenarios = viewAfter(testgen, [
      { relevant_context: ['f: empty'] },
      { relevant_context: ['f: empty', 'f: one'] },
    ]);
    expect(testgen.status?.(scenarios)).toEqual({ test_scenarios_identified: 2 });
  });

  it('of thinkdeep stands beside, and its end sums up the thinking', () => {
    const first = { focus_areas: ['cost'], relevant_files: ['/a.ts'], relevant_context: ['f'] };
    const view = viewAfter(thinkdeep, [
      first,
      { findings: 'More.', confidence: 'high', issues_found: issues_found.slice(0, 1) },
    ]);
    const thinking_status = {
      current_step: 2,
      total_steps: 9,
      files_checked: 0,
      relevant_files: 1,
      thinking_confidence: 'high',
      analysis_focus: ['cost'],
    };
    expect(thinkdeep.pause?.(view)).toEqual({ thinking_status });
    expect(thinkdeep.complete?.(view)).toEqual({ thinking_status });
    expect(thinkdeep.summary?.(view)).toEqual({
      steps_completed: 2,
      final_confidence: 'high',
      relevant_context: ['f'],
      key_findings: ['Something.', 'More.'],
      issues_identified: issues_found.slice(0, 1),
      files_analyzed: ['/a.ts'],
    });
  });
});

describe('prompts', () => {
  /** The JSON objects that a prompt shows, each on a line of its own. */
  const shapesIn = (prompt: string) =>
    prompt
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const shape = (tool: WorkflowTool, status: string) =>
    shapesIn(expertOf(tool).prompt).find((candidate) => candidate['status'] === status) ?? {};
  const first = (value: unknown) => Object.keys((value as object[])[0] ?? {});

  it.each(named)('of %s hold the rules of files and evidence, and nothing hidden', (_name, tool) => {
    const { prompt, instruction } = expertOf(tool);
    for (const rules of [FILE_RULES, FILES_NEEDED, EVIDENCE_RULES])
      expect(prompt.split(rules)).toHaveLength(2);
    expect(prompt).toMatch(/^You are /);
    expect(prompt).toContain('\nMethod\n- ');
    expect(prompt).toContain('\nAnswer\n');
    expect(`${prompt}${instruction}`).not.toMatch(INVISIBLE);
    expect(`${prompt}${instruction}`).not.toMatch(/undefined|\[object|\p{Extended_Pictographic}| {3}\S/u);
    expect(instruction).toMatch(/^[A-Z].{60,}\.$/);
  });

  it.each(named)('of %s are concise', (_name, tool) => {
    expect(encode(expertOf(tool).prompt).length).toBeLessThanOrEqual(1_000);
  });

  it.each(named)('of %s show how to ask for files', (_name, tool) => {
    expect(Object.keys(shape(tool, 'files_required_to_continue'))).toEqual([
      'status',
      'mandatory_instructions',
      'files_needed',
    ]);
  });

  it.each([
    [analyze, ['full_codereview_required']],
    [codereview, ['focused_review_required']],
    [debug, ['analysis_complete', 'no_bug_found']],
    [precommit, ['focused_review_required']],
    [refactor, ['refactor_analysis_complete', 'focused_review_required']],
    [secaudit, ['security_analysis_complete']],
    [testgen, ['test_sample_needed', 'more_tests_required']],
    [thinkdeep, []],
  ] as const)('of $name offer the statuses $1', (tool, statuses) => {
    const offered = shapesIn(expertOf(tool).prompt).map(({ status }) => status);
    expect(offered).toEqual([...statuses, 'files_required_to_continue']);
  });

  it.each([analyze, codereview, precommit, testgen, thinkdeep])('of $name want markdown', (tool) => {
    expect(expertOf(tool).prompt).toContain('Write markdown');
  });

  it.each([codereview, precommit, secaudit, refactor])('of $name say what a severity means', (tool) => {
    for (const severity of ['critical', 'high', 'medium', 'low']) {
      expect(expertOf(tool).prompt).toMatch(new RegExp(`${severity}( =|:) \\S`));
    }
  });

  it('fix the answer of refactor', () => {
    const answer = shape(refactor, 'refactor_analysis_complete');
    expect(Object.keys(answer)).toEqual([
      'status',
      'refactor_opportunities',
      'priority_sequence',
      'next_actions',
    ]);
    expect(first(answer['refactor_opportunities'])).toEqual(
      'id type severity file start_line end_line context_start_text context_end_text issue suggestion rationale code_to_replace replacement_code_snippet'.split(
        ' ',
      ),
    );
  });

  it('fix the answer of debug', () => {
    const answer = shape(debug, 'analysis_complete');
    expect(Object.keys(answer)).toEqual(
      'status summary hypotheses key_findings immediate_actions recommended_tools prevention_strategy investigation_summary'.split(
        ' ',
      ),
    );
    expect(first(answer['hypotheses'])).toEqual(
      'name confidence root_cause evidence correlation validation minimal_fix regression_check file_references'.split(
        ' ',
      ),
    );
  });

  it('fix the answer of secaudit', () => {
    const answer = shape(secaudit, 'security_analysis_complete');
    expect(Object.keys(answer)).toEqual(
      'status summary investigation_steps security_findings owasp_assessment compliance_assessment risk_assessment remediation_roadmap positive_security_findings monitoring_recommendations investigation_summary'.split(
        ' ',
      ),
    );
    expect(first(answer['security_findings'])).toEqual(
      'category severity vulnerability description impact exploitability evidence remediation timeline file_references function_name start_line end_line'.split(
        ' ',
      ),
    );
  });
});

describe('size in tools/list', () => {
  const tokens = (value: unknown) => encode(JSON.stringify(value)).length;
  const ownShare = (tool: WorkflowTool) => {
    const compiled = ToolCatalog.build([{ ...bare, description: 'x', title: 'x' }], config);
    return tokens(catalog.find(tool.name)?.listed) - tokens(compiled.find('bare')?.listed);
  };

  it.each([
    [debug, 30],
    [testgen, 30],
    [analyze, 70],
    [thinkdeep, 90],
    [refactor, 125],
    [codereview, 140],
    [secaudit, 160],
    [precommit, 175],
  ] as const)('$name adds at most $1 tokens to the shared fields', (tool, budget) => {
    expect(ownShare(tool)).toBeLessThanOrEqual(budget);
  });

  it.each(named)('%s describes every field in at most twelve words', (name) => {
    const fields = catalog.find(name)?.listed.inputSchema['properties'] as Record<
      string,
      { description?: string }
    >;
    for (const [field, { description = '' }] of Object.entries(fields)) {
      expect(description.trim(), field).not.toBe('');
      expect(description.split(/\s+/).length, field).toBeLessThanOrEqual(12);
    }
  });
});
