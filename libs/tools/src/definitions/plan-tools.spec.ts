import { encode } from 'gpt-tokenizer';
import { describe, expect, it } from 'vitest';
import { type WorkflowTool, type WorkflowView } from '../define.js';
import { evidenceFields, stepFields } from '../fields.js';
import { compileInput } from '../tool-input.js';
import { gather } from '../workflow/gather.js';
import { withStep } from '../workflow/workflow-state.js';
import { type WorkflowState } from '../workflow/workflow.js';
import { readArguments, toStep } from '../workflow/workflow-step.js';
import { docgen } from './docgen.tool.js';
import { planner } from './planner.tool.js';
import { tracer } from './tracer.tool.js';

const MAX_TEXT = 240_000;

/** The view of the last of these calls, each read and recorded as the engine does it. */
function viewOf(tool: WorkflowTool, ...calls: Readonly<Record<string, unknown>>[]): WorkflowView {
  const { parse } = compileInput(tool, MAX_TEXT);
  let state: WorkflowState | undefined;
  let args: Readonly<Record<string, unknown>> = {};
  for (const call of calls) {
    const parsed = parse({ step: 'text', total_steps: 1, next_step_required: true, ...call });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
    args = parsed.args;
    const read = readArguments(args);
    const last = !read.next_step_required;
    const { keepsPrevious = false } = tool;
    state = withStep(state, { tool: tool.name, step: toStep(read, args), last, turns: 0, keepsPrevious });
  }
  if (!state) throw new Error('No call was given.');
  const { step_number, total_steps } = readArguments(args);
  const view: WorkflowView = {
    args,
    state,
    gathered: gather(state.steps),
    stepNumber: step_number,
    totalSteps: Math.max(total_steps, step_number),
    continued: calls.length > 1,
  };
  return tool.totalSteps ? { ...view, totalSteps: tool.totalSteps(view) } : view;
}

const actionsOf = (tool: WorkflowTool, view: WorkflowView) =>
  tool.stages.find(({ when }) => when(view))?.actions;

describe.each([planner, docgen, tracer])('$name', (tool) => {
  const { schema } = compileInput(tool, MAX_TEXT);
  const listed = schema['properties'] as Readonly<Record<string, { readonly description?: string }>>;

  it('adds at most 220 tokens of its own to a list of tools', () => {
    const { name, title, description } = tool;
    const own = Object.entries(listed).filter(([field]) => !(field in stepFields || field in evidenceFields));
    expect(encode(JSON.stringify({ name, title, description, own })).length).toBeLessThanOrEqual(220);
  });

  it('describes each field in at most 12 words', () => {
    for (const [field, { description }] of Object.entries(listed)) {
      expect(description, field).toBeTruthy();
      expect(description?.split(/\s+/).length, field).toBeLessThanOrEqual(12);
    }
  });

  it('never asks a model', () => {
    expect(tool.expert).toBeUndefined();
    expect(Object.keys(tool.fields)).not.toContain('use_assistant_model');
  });
});

describe('planner', () => {
  const step = (step_number: number, text: string, more: object = {}) => ({
    step_number,
    step: text,
    total_steps: 6,
    ...more,
  });

  it('asks for deep thinking in the first three steps of a plan of five or more, and only there', () => {
    for (const step_number of [1, 2, 3]) {
      const view = viewOf(planner, step(step_number, 'think'));
      expect(planner.pause?.(view)).toMatchObject({
        status: 'pause_for_deep_thinking',
        thinking_required: true,
      });
    }
    const actions = [1, 2, 3, 4].map((number) => actionsOf(planner, viewOf(planner, step(number, 'think'))));
    expect(new Set(actions).size).toBe(4);
    for (const view of [
      viewOf(planner, step(4, 'think')),
      viewOf(planner, step(1, 'think', { total_steps: 4 })),
    ]) {
      expect(planner.pause?.(view)).not.toHaveProperty('status');
      expect(planner.pause?.(view)).not.toHaveProperty('thinking_required');
    }
  });

  it('raises the total at the end of the plan when more steps are needed', () => {
    const total = (call: object) => viewOf(planner, { step_number: 3, ...call }).totalSteps;
    expect(total({ total_steps: 3, more_steps_needed: true })).toBe(4);
    expect(total({ total_steps: 6, more_steps_needed: true })).toBe(6);
    expect(total({ total_steps: 2 })).toBe(3);
    expect(total({ total_steps: 3, more_steps_needed: true, next_step_required: false })).toBe(3);
  });

  const branched = [
    step(1, 'goal'),
    step(2, 'database first'),
    step(3, 'queue first', { is_branch_point: true, branch_from_step: 1, branch_id: 'queue' }),
    step(4, 'queue, then cache', { branch_id: 'queue' }),
    step(5, 'database with replicas', { is_step_revision: true, revises_step_number: 2 }),
    step(6, 'database, sharded\nwith details', { is_step_revision: true, revises_step_number: 5 }),
  ];

  it('shows the plan by branch, with revisions in the place of what they revise', () => {
    const view = viewOf(planner, ...branched);
    expect(planner.pause?.(view)).toEqual({
      step_content: 'database, sharded\nwith details',
      plan_history: [
        {
          branch: 'main',
          steps: [
            { step_number: 1, content: 'goal' },
            { step_number: 2, content: 'database, sharded\nwith details', revised_in_step: 6 },
          ],
        },
        {
          branch: 'queue',
          from_step: 1,
          steps: [
            { step_number: 3, content: 'queue first' },
            { step_number: 4, content: 'queue, then cache' },
          ],
        },
      ],
      branches: ['queue'],
      planner_status: { step_history_length: 6, branches: ['queue'] },
    });
  });

  it('ends with a summary of one line per step', () => {
    const view = viewOf(planner, ...branched.slice(0, 5), { ...branched[5], next_step_required: false });
    expect(planner.complete?.(view)).toMatchObject({
      planning_complete: true,
      plan_summary:
        'goal\n\n## Plan\n1. goal\n2. database, sharded\n\n' +
        '## Branch queue (from step 1)\n3. queue first\n4. queue, then cache',
    });
  });

  it('tells at the first step of a further plan what the one before it was', () => {
    const done = [step(1, 'move to a queue'), step(2, 'measure it', { next_step_required: false })];
    const again = viewOf(planner, ...done, step(1, 'now the cache'));
    expect(planner.pause?.(again)).toMatchObject({
      step_content: 'now the cache',
      previous_plan_summary: 'move to a queue\n\n## Plan\n1. move to a queue\n2. measure it',
      plan_history: [{ branch: 'main', steps: [{ step_number: 1, content: 'now the cache' }] }],
    });
    const second = viewOf(planner, ...done, step(1, 'now the cache'), step(2, 'choose one'));
    expect(planner.pause?.(second)).not.toHaveProperty('previous_plan_summary');
    expect(planner.pause?.(viewOf(planner, step(1, 'goal')))).not.toHaveProperty('previous_plan_summary');
  });

  it('goes the same way when a step is sent twice', () => {
    const twice = viewOf(planner, ...branched, ...branched.slice(-1));
    expect(planner.pause?.(twice)).toEqual(planner.pause?.(viewOf(planner, ...branched)));
  });

  it.each([
    ['/revises_step_number', { is_step_revision: true }],
    ['/revises_step_number', { is_step_revision: true, revises_step_number: 2 }],
    ['/branch_from_step', { is_branch_point: true, branch_id: 'b' }],
    ['/branch_from_step', { is_branch_point: true, branch_from_step: 9, branch_id: 'b' }],
    ['/branch_id', { is_branch_point: true, branch_from_step: 1 }],
  ])('refuses %s that does not fit: %j', (pointer, fields) => {
    const view = viewOf(planner, step(1, 'goal'), step(2, 'next', fields));
    expect(() => planner.answerFirst?.(view)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { issues: [expect.objectContaining({ pointer }) as unknown] },
      }) as Error,
    );
  });

  it('lets a step that fits pass, and takes the fields it ignores', () => {
    expect(planner.answerFirst?.(viewOf(planner, ...branched))).toBeUndefined();
    const { parse } = compileInput(planner, MAX_TEXT);
    const call = { ...step(1, 'goal'), next_step_required: true };
    expect(parse({ ...call, model: 'any', use_assistant_model: true })).toMatchObject({ ok: true });
    expect(parse({ ...call, findings: 'x' })).toMatchObject({
      ok: false,
      issues: [{ pointer: '/findings' }],
    });
    expect(parse({ ...call, branch_id: 'a b' })).toMatchObject({ ok: false });
  });
});

describe('docgen', () => {
  const call = (documented: number, total: number, more: object = {}) => ({
    step_number: documented + 1,
    findings: 'seen',
    document_complexity: true,
    document_flow: true,
    update_existing: true,
    comments_on_complex_logic: true,
    num_files_documented: documented,
    total_files_to_document: total,
    ...more,
  });

  it('takes its number of steps from the number of files, whatever the caller says', () => {
    expect(viewOf(docgen, call(0, 0, { total_steps: 9 })).totalSteps).toBe(2);
    expect(viewOf(docgen, call(0, 7, { total_steps: 2 })).totalSteps).toBe(8);
    expect(viewOf(docgen, call(2, 2, { step_number: 5 })).totalSteps).toBe(5);
  });

  it('looks around first, then documents file by file, then reads all again', () => {
    const [first, later, last] = [call(0, 3), call(1, 3), call(3, 3)].map((args) => {
      return actionsOf(docgen, viewOf(docgen, args))?.join('\n');
    });
    expect(first).toContain('write no documentation yet');
    expect(later).toContain('exactly one file');
    expect(later).toContain('Never change logic');
    expect(last).toContain('Read every documented file once more');
  });

  it('stays open while files are without documentation', () => {
    const early = viewOf(docgen, call(1, 3, { next_step_required: false }));
    expect(docgen.keepOpen?.(early)).toMatchObject({
      status: 'documentation_analysis_required',
      next_step_required: true,
      files_remaining: 2,
      next_steps: 'Not finished: 1 of 3 files are documented. Go on with step 3.',
    });
    expect(docgen.keepOpen?.(viewOf(docgen, call(3, 3, { next_step_required: false })))).toBeUndefined();
    expect(docgen.keepOpen?.(viewOf(docgen, call(4, 3, { next_step_required: false })))).toBeUndefined();
  });

  it('counts files in its status, and reports bugs that were left alone', () => {
    const issues_found = [{ severity: 'high', description: 'off by one' }];
    const view = viewOf(docgen, call(1, 2), call(2, 2, { issues_found, next_step_required: false }));
    expect(docgen.status?.(view)).toEqual({ num_files_documented: 2, total_files_to_document: 2 });
    expect(docgen.complete?.(view)).toMatchObject({
      documentation_summary: { num_files_documented: 2, issues_reported: 1 },
    });
  });

  it('needs all its own fields', () => {
    const { schema } = compileInput(docgen, MAX_TEXT);
    expect(schema['required']).toEqual(expect.arrayContaining(Object.keys(call(0, 0))));
  });
});

describe('tracer', () => {
  const call = (more: object = {}) => ({
    step_number: 2,
    findings: 'seen',
    trace_mode: 'precision',
    target_description: 'the dispatcher',
    ...more,
  });

  it('asks for the mode before anything else', () => {
    const asked = tracer.answerFirst?.(viewOf(tracer, call({ trace_mode: 'ask', step_number: 1 })));
    expect(asked).toMatchObject({
      status: 'mode_selection_required',
      target_description: 'the dispatcher',
      trace_modes: { precision: expect.any(String) as string, dependencies: expect.any(String) as string },
    });
    expect(tracer.answerFirst?.(viewOf(tracer, call()))).toBeUndefined();
  });

  it('has actions of its own for each mode and each stage of the trace', () => {
    const seen = ['precision', 'dependencies'].flatMap((trace_mode) =>
      ['exploring', 'medium'].map((confidence) =>
        actionsOf(tracer, viewOf(tracer, call({ trace_mode, confidence }))),
      ),
    );
    const first = actionsOf(tracer, viewOf(tracer, call({ step_number: 1, confidence: 'high' })));
    const verify = actionsOf(tracer, viewOf(tracer, call({ confidence: 'certain' })));
    expect(new Set([...seen, first, verify]).size).toBe(6);
  });

  it.each([
    ['precision', 'call tree', 'certain', 'high'],
    ['dependencies', 'Incoming', 'medium', 'medium'],
    ['dependencies', 'Outgoing', 'low', 'low'],
  ])('ends with instructions for its form: %s, %s', (trace_mode, form, confidence, trace_quality) => {
    const last = { trace_mode, confidence, next_step_required: false, files_checked: ['/a.ts', '/b.ts'] };
    const view = viewOf(tracer, call({ step_number: 1, files_checked: ['/a.ts'] }), call(last));
    const end = tracer.complete?.(view);
    expect(end).toMatchObject({
      trace_summary: {
        target: 'the dispatcher',
        trace_mode,
        files_analyzed: 2,
        total_steps: 2,
        trace_quality,
      },
    });
    expect(end?.['output_format']).toContain(form);
    expect(tracer.status?.(view)).toEqual({ trace_mode });
  });
});
