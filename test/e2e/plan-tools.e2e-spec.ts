import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

let server: Standalone;
let client: McpClient;

beforeAll(async () => {
  server = await startStandalone();
  client = await connect('v2-default', 'websocket', server);
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

type Payload = Readonly<Record<string, unknown>>;

/** Calls the tool step by step in one conversation; answers what each step got. */
function workflow(tool: string, common: Payload) {
  let continuation_id: unknown;
  let step_number = 0;
  return async (args: Payload): Promise<Payload> => {
    step_number += 1;
    const result = await client.callTool(tool, {
      step: `step ${step_number}`,
      step_number,
      next_step_required: true,
      ...common,
      ...(continuation_id !== undefined && { continuation_id }),
      ...args,
    });
    const payload = result.structuredContent ?? {};
    continuation_id ??= payload['continuation_id'];
    return { ...payload, isError: result.isError ?? false };
  };
}

describe('workflow tools that ask no model', () => {
  it('planner keeps a plan with a branch and a revision, also after a step that is refused', async () => {
    const plan = workflow('planner', { total_steps: 5 });
    expect(await plan({ step: 'goal' })).toMatchObject({
      status: 'pause_for_deep_thinking',
      thinking_required: true,
      required_actions: expect.arrayContaining([expect.stringContaining('Reflect')]) as unknown,
    });
    const branch = { step: 'queue first', is_branch_point: true, branch_id: 'queue' };
    expect(await plan({ ...branch, branch_from_step: 7 })).toMatchObject({
      isError: true,
      error: { code: 'INVALID_ARGUMENT' },
    });
    await plan({ ...branch, step_number: 2, branch_from_step: 1 });
    const revised = await plan({ step: 'clearer goal', is_step_revision: true, revises_step_number: 1 });
    expect(revised).toMatchObject({
      status: 'pause_for_planning',
      plan_history: [
        { branch: 'main', steps: [{ step_number: 1, content: 'clearer goal', revised_in_step: 4 }] },
        { branch: 'queue', from_step: 1, steps: [{ step_number: 2, content: 'queue first' }] },
      ],
    });
    expect(await plan({ step: 'ship', more_steps_needed: true })).toMatchObject({ total_steps: 6 });
    expect(await plan({ step: 'done', next_step_required: false })).toMatchObject({
      status: 'planning_complete',
      planning_complete: true,
      isError: false,
      plan_summary:
        'goal\n\n## Plan\n1. clearer goal\n5. ship\n6. done\n\n## Branch queue (from step 1)\n2. queue first',
      metadata: { tool_name: 'planner' },
    });
  });

  it('docgen does not end before every file is documented', async () => {
    const flags = { document_complexity: true, document_flow: true, update_existing: true };
    const docs = workflow('docgen', {
      ...flags,
      comments_on_complex_logic: true,
      findings: 'seen',
      total_steps: 9,
      num_files_documented: 0,
      total_files_to_document: 2,
    });
    expect(await docs({})).toMatchObject({ status: 'pause_for_documentation_analysis', total_steps: 3 });
    expect(await docs({ num_files_documented: 1, next_step_required: false })).toMatchObject({
      status: 'documentation_analysis_required',
      next_step_required: true,
      files_remaining: 1,
      documentation_analysis_status: { num_files_documented: 1, total_files_to_document: 2 },
      isError: false,
    });
    expect(await docs({ num_files_documented: 2, next_step_required: false })).toMatchObject({
      status: 'documentation_analysis_complete',
      documentation_analysis_complete: true,
      documentation_summary: { num_files_documented: 2 },
    });
  });

  it('tracer asks for its mode, then traces and says how to present it', async () => {
    const trace = workflow('tracer', { total_steps: 2, findings: 'seen', target_description: 'the queue' });
    expect(await trace({ trace_mode: 'ask' })).toMatchObject({ status: 'mode_selection_required' });
    expect(await trace({ trace_mode: 'dependencies', step_number: 1 })).toMatchObject({
      status: 'pause_for_tracing',
      tracing_status: { trace_mode: 'dependencies' },
    });
    const last = {
      trace_mode: 'dependencies',
      step_number: 2,
      confidence: 'high',
      next_step_required: false,
    };
    expect(await trace(last)).toMatchObject({
      status: 'tracing_complete',
      tracing_complete: true,
      trace_summary: {
        target: 'the queue',
        trace_mode: 'dependencies',
        total_steps: 2,
        trace_quality: 'medium',
      },
      output_format: expect.stringContaining('Incoming') as unknown,
    });
  });
});
