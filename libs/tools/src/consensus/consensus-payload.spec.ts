import { describe, expect, it } from 'vitest';
import { type ToolCall } from '../tool.js';
import { consensusPayload } from './consensus-payload.js';
import { toResponse } from './model-response.js';
import { type ConsensusState, type ModelResponse } from './consensus.js';
import { aFailure, anAnswer, aState, PANEL } from './panel-example.js';
import { sumOf } from './response-totals.js';

const call: ToolCall = {
  id: '0196f0d2-1111-7000-8000-000000000000',
  tool: 'consensus',
  args: {},
  principal: { tenant: 't', subject: 's', scopes: [] },
  client: { name: 'c', version: '1' },
  sessionId: 'session',
  transport: 'websocket',
  correlationId: 'correlation',
  deadline: Date.now() + 60_000,
  createdAt: Date.now(),
};

function payloadOf(responses: ConsensusState['responses'], stepNumber: number, consulted = [stepNumber - 1]) {
  const state = aState({ responses });
  return consensusPayload({
    call,
    state,
    stepNumber,
    consulted,
    analysis: 'mine',
    threadId: 'thread',
    warnings: [],
  });
}

describe('a step before the last', () => {
  it('reports its model, and says which one is next', () => {
    const payload = payloadOf([anAnswer(0), null, null], 1);
    expect(payload).toMatchObject({
      status: 'analysis_and_first_model_consulted',
      agent_analysis: { initial_analysis: 'Should we?', findings: 'mine' },
      model_consulted: 'kimi-k2.6',
      model_stance: 'for',
      model_response: { verdict: 'verdict 0' },
      current_model_index: 1,
      total_steps: 3,
      next_step_required: true,
      continuation_id: 'thread',
    });
    expect(payload['next_steps']).toContain('step_number 2');
    expect(payload).not.toHaveProperty('complete_consensus');
  });

  it('tells nothing of the first step again', () => {
    const payload = payloadOf([anAnswer(0), anAnswer(1), null], 2);
    expect(payload).toMatchObject({ status: 'model_consulted', model_consulted: 'glm-5' });
    expect(payload).not.toHaveProperty('agent_analysis');
  });

  it('says how to ask a model again that failed', () => {
    const payload = payloadOf([aFailure(0), null, null], 1);
    expect(payload['model_response']).toMatchObject({ status: 'error', error: { hint: 'Wait.' } });
    expect(payload['next_steps']).toContain('send step_number 1 again');
  });
});

describe('the end', () => {
  const complete = (responses: readonly ModelResponse[]) => payloadOf(responses, 3);

  it.each([
    [[anAnswer(0), anAnswer(1), anAnswer(2)], 'high', 0],
    [[anAnswer(0), aFailure(1), anAnswer(2)], 'medium', 1],
    [[anAnswer(0), aFailure(1), aFailure(2)], 'low', 2],
    [[aFailure(0), aFailure(1), aFailure(2)], 'low', 3],
  ] as const)('is as sure as models have answered (%#)', (responses, confidence, failed) => {
    expect(complete(responses)).toMatchObject({
      status: 'consensus_workflow_complete',
      next_step_required: false,
      complete_consensus: {
        initial_prompt: 'Should we?',
        models_consulted: ['kimi-k2.6:for', 'glm-5:against', 'deepseek-v4-pro:neutral'],
        total_responses: 3,
        failed_responses: failed,
        consensus_confidence: confidence,
      },
      accumulated_responses: responses,
    });
  });

  it('names who is missing, and why', () => {
    const payload = complete([anAnswer(0), aFailure(1), anAnswer(2)]);
    expect(payload['complete_consensus']).toMatchObject({
      missing_models: [{ model: 'glm-5:against', code: 'PROVIDER_UNAVAILABLE', reason: 'It is away.' }],
    });
    expect(payload.content).toBe(
      '2 of 3 models have answered. Missing: glm-5:against (PROVIDER_UNAVAILABLE).',
    );
    expect(payload['next_steps']).toContain('partial');
  });

  it('says plainly that nobody answered', () => {
    const payload = complete([aFailure(0), aFailure(1), aFailure(2)]);
    expect(payload.content).toMatch(/^None of the 3 models has answered/);
    expect(payload['complete_consensus']).not.toHaveProperty('usage');
  });

  it('reports no single model when several were consulted at once', () => {
    const payload = payloadOf([anAnswer(0), anAnswer(1), anAnswer(2)], 1, [0, 1, 2]);
    expect(payload).not.toHaveProperty('model_response');
    expect(payload).toHaveProperty('agent_analysis');
  });

  it('leaves tokens and cost out of the metadata, which are accounted for elsewhere', () => {
    expect(Object.keys(complete([anAnswer(0), anAnswer(1), anAnswer(2)]).metadata).sort()).toEqual([
      'correlation_id',
      'duration_ms',
      'tool_name',
    ]);
  });
});

describe('totals', () => {
  it('are the sums over the answers', () => {
    expect(sumOf([anAnswer(0, { costUsd: 0.1 }), aFailure(1), anAnswer(2, { costUsd: 0.2 })])).toEqual({
      usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30 },
      cost_usd: 0.3,
    });
  });

  it('name no cost when that of one answer is not known', () => {
    expect(sumOf([anAnswer(0, { costUsd: 0.1 }), anAnswer(1)])).not.toHaveProperty('cost_usd');
  });
});

describe('what became of a call is told', () => {
  it('with the model of the panel, its verdict and what it took', () => {
    const metadata = {
      tool_name: 'consensus',
      correlation_id: 'c',
      duration_ms: 5,
      provider_used: 'kimi',
      cost_usd: 0.1,
      route: { requested: 'x' },
    };
    const response = toResponse(PANEL[0]!, {
      ok: true,
      payload: { status: 'success', content: 'yes', metadata },
    });
    expect(response).toEqual({
      model: 'kimi-k2.6',
      stance: 'for',
      status: 'success',
      verdict: 'yes',
      metadata: { provider_used: 'kimi', duration_ms: 5, cost_usd: 0.1 },
    });
  });

  it('with code, message and hint of its failure', () => {
    const error = {
      code: 'PROVIDER_TIMEOUT',
      message: 'm',
      hint: 'h',
      category: 'provider',
      retryable: true,
      correlationId: 'c',
    } as never;
    expect(toResponse(PANEL[1]!, { ok: false, error })).toMatchObject({
      status: 'error',
      error: { code: 'PROVIDER_TIMEOUT', message: 'm', hint: 'h' },
      metadata: { provider_used: 'glm' },
    });
  });
});
