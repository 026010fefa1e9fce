import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { defineWorkflowTool } from '../define.js';
import { evidenceFields, stepFields } from '../fields.js';
import { readExpertAnswer } from './expert-answer.js';
import { expertDecision, type ExpertWish } from './expert-decision.js';
import { gather } from './gather.js';
import { aStep } from './step-example.js';
import { expertPayload, failedPayload, localPayload, pausePayload } from './workflow-payload.js';
import { type Expert, type WorkflowStep, type WorkflowView } from './workflow.js';

const expert: Expert = {
  prompt: 'You find faults.',
  instruction: 'Find it.',
  defaults: { temperature: 0.2, thinkingMode: 'minimal' },
  skip: ({ gathered }) =>
    gathered.confidence === 'certain'
      ? { status: 'skipped_for_certainty', reason: 'It is certain.' }
      : undefined,
  isWorthIt: ({ gathered }) => gathered.findings.length > 1,
};

const alone = defineWorkflowTool({
  name: 'search',
  title: 'Search',
  description: 'Searches.',
  tier: 'core',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  fields: { ...stepFields, ...evidenceFields },
  alias: 'quest',
  completeName: 'treasure',
  completedStatus: 'quest_done',
  stages: [
    { when: ({ stepNumber }) => stepNumber === 1, actions: ['Look around.'] },
    { when: () => true, actions: ['Dig.'] },
  ],
  status: ({ state }) => ({ holes: state.steps.length }),
});
const tool = { ...alone, expert };

function viewOf(steps: readonly WorkflowStep[]): WorkflowView {
  return {
    args: {},
    state: { tool: 'search', initialRequest: 'Where?', steps, earlierTurns: 0, finished: false },
    gathered: gather(steps),
    stepNumber: steps.length,
    totalSteps: 4,
    continued: steps.length > 1,
  };
}

function reportOf(steps: readonly WorkflowStep[], warnings: string[] = []) {
  const call = {
    id: 'c',
    tool: 'search',
    args: {},
    principal: { tenant: 't', subject: 's', scopes: [] },
    client: { name: 'n', version: '1' },
    sessionId: 's',
    transport: 'websocket' as const,
    correlationId: 'r',
    deadline: 0,
    createdAt: Date.now(),
  };
  return { tool, call, view: viewOf(steps), threadId: 'thread', warnings };
}

const two = [
  aStep(1, { filesChecked: ['/a', '/b'], relevantFiles: ['/a'] }),
  aStep(2, { confidence: 'high' }),
];
const asked: ExpertWish = { wanted: true, enabledBy: 'setting' };

describe('a pause', () => {
  it('tells where the work stands and what to do before the next step', () => {
    expect(pausePayload(reportOf(two, ['w']), {})).toMatchObject({
      status: 'pause_for_quest',
      step_number: 2,
      total_steps: 4,
      next_step_required: true,
      quest_required: true,
      quest_status: {
        files_checked: 2,
        relevant_files: 1,
        relevant_context: 0,
        issues_found: 0,
        images_collected: 0,
        current_confidence: 'high',
        holes: 2,
      },
      required_actions: ['Dig.'],
      continuation_id: 'thread',
      file_context: { type: 'reference_only' },
      metadata: { tool_name: 'search', warnings: ['w'] },
    });
    expect(pausePayload(reportOf([aStep(1)]), {})['required_actions']).toEqual(['Look around.']);
  });

  it('can have a status of the tool', () => {
    expect(pausePayload(reportOf(two), { status: 'pause_to_think', depth: 1 })).toMatchObject({
      status: 'pause_to_think',
      depth: 1,
    });
  });
});

describe('the end', () => {
  const decide = (steps: readonly WorkflowStep[], wish = asked) => expertDecision(tool, viewOf(steps), wish);
  const certain = [...two, aStep(3, { confidence: 'certain' })];

  it.each([
    ['the rule skips it', certain, asked, 'skipped', 'skipped_for_certainty'],
    [
      'the rule skips it, whatever the caller wants',
      certain,
      { wanted: false, enabledBy: 'caller' },
      'skipped',
      'skipped_for_certainty',
    ],
    [
      'the caller does not want it',
      two,
      { wanted: false, enabledBy: 'caller' },
      'not asked',
      'skipped_by_request',
    ],
    ['the server has it switched off', two, { wanted: false, enabledBy: 'setting' }, 'not asked', 'disabled'],
    ['there is too little to ask about', [aStep(1)], asked, 'not asked', 'skipped_by_tool_design'],
  ] as const)('asks no model when %s', (_why, steps, wish, kind, status) => {
    expect(decide(steps, wish)).toMatchObject({ kind, expert: { status } });
  });

  it('asks the model otherwise', () => {
    expect(decide(two)).toEqual({ kind: 'ask', expert });
    expect(expertDecision(alone, viewOf(two), asked)).toEqual({ kind: 'no expert' });
  });

  it('holds the work under the names of the tool', () => {
    const skipped = { kind: 'skipped', expert: { status: 'x', reason: 'y' } } as const;
    expect(localPayload(reportOf(two), skipped)).toMatchObject({
      status: 'quest_done',
      next_step_required: false,
      quest_complete: true,
      treasure_complete: true,
      skip_expert_analysis: true,
      expert_analysis: { status: 'x', reason: 'y' },
      complete_treasure: {
        initial_request: 'Where?',
        steps_taken: 2,
        files_examined: ['/a', '/b'],
        relevant_files: ['/a'],
        relevant_context: [],
        issues_found: [],
        work_summary: 'Step 1: findings 1\n\nStep 2: findings 2',
        confidence_level: 'high',
      },
    });
    expect(localPayload(reportOf(two), { ...skipped, kind: 'not asked' }).status).toBe('local_work_complete');
    const unasked = localPayload(reportOf(two), { kind: 'no expert' });
    expect(unasked.status).toBe('quest_done');
    expect(unasked).not.toHaveProperty('expert_analysis');
  });

  it('lets no field of the model replace one of ours', () => {
    const promoted = {
      status: 'investigation_paused',
      metadata: 1,
      continuation_id: 'x',
      complete_treasure: 2,
      why: 'tired',
    };
    const metadata = { tool_name: 'search', correlation_id: 'r', duration_ms: 1 };
    const payload = expertPayload(reportOf(two), { promoted, failed: false }, 1, metadata);
    expect(payload).toMatchObject({
      status: 'investigation_paused',
      why: 'tired',
      metadata,
      continuation_id: 'thread',
      complete_treasure: { steps_taken: 2 },
      file_context: { type: 'fully_embedded', files_embedded: 1 },
    });
  });

  it('says what to do about a promoted status', () => {
    const metadata = { tool_name: 'search', correlation_id: 'r', duration_ms: 1 };
    const answer = readExpertAnswer('{"status": "no_bug_found", "summary": "works as meant"}');
    expect(expertPayload(reportOf(two), answer, 0, metadata)).toMatchObject({
      status: 'no_bug_found',
      summary: 'works as meant',
      next_steps: expect.stringContaining('Ask the user') as string,
      complete_treasure: { steps_taken: 2 },
    });
  });
});

describe('the end with a model that could not be asked', () => {
  it('has the work all the same, and says how to ask again', () => {
    const error = new ExaiError('PROVIDER_UNAVAILABLE', { provider: 'kimi' });
    const payload = failedPayload(reportOf(two, ['w']), error);
    expect(payload).toMatchObject({
      status: 'error',
      treasure_complete: true,
      expert_analysis: { status: 'analysis_error', reason: error.message },
      complete_treasure: { steps_taken: 2, relevant_files: ['/a'] },
      continuation_id: 'thread',
      metadata: { tool_name: 'search', warnings: ['w'] },
    });
    expect(payload['next_steps']).toContain('send step 2 with continuation_id thread');
  });

  it.each(['PROVIDER_TIMEOUT', 'DEADLINE_EXCEEDED'] as const)('tells that it was too slow: %s', (code) => {
    expect(failedPayload(reportOf(two), new ExaiError(code))).toMatchObject({
      expert_analysis: { status: 'timeout' },
    });
  });
});
