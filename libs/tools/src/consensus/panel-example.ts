import { type ConsensusArguments } from './consensus-arguments.js';
import { begun } from './consensus-state.js';
import { type ConsensusState, type ModelResponse, type Panelist } from './consensus.js';

/** A panel for tests. */
export const PANEL: readonly Panelist[] = [
  { provider: 'kimi', model: 'kimi-k2.6', stance: 'for' },
  { provider: 'glm', model: 'glm-5', stance: 'against', stancePrompt: 'Think of the cost.' },
  { provider: 'deepseek', model: 'deepseek-v4-pro', stance: 'neutral' },
];

export function aFirstStep(more: Partial<ConsensusArguments> = {}): ConsensusArguments {
  return {
    step: 'Should we?',
    step_number: 1,
    total_steps: 3,
    next_step_required: true,
    findings: 'notes of the caller',
    relevant_files: ['/plan.md'],
    images: [],
    ...more,
  };
}

export function aState(more: Partial<ConsensusState> = {}): ConsensusState {
  return { ...begun(aFirstStep(), PANEL), ...more };
}

export function anAnswer(index: number, more: { verdict?: string; costUsd?: number } = {}): ModelResponse {
  const { model, stance, provider } = PANEL[index]!;
  const { verdict = `verdict ${index}`, costUsd } = more;
  return {
    model,
    stance,
    status: 'success',
    verdict,
    metadata: {
      provider_used: provider,
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      ...(costUsd !== undefined && { cost_usd: costUsd }),
    },
  };
}

export function aFailure(index: number): ModelResponse {
  const { model, stance } = PANEL[index]!;
  const error = { code: 'PROVIDER_UNAVAILABLE', message: 'It is away.', hint: 'Wait.' };
  return { model, stance, status: 'error', error, metadata: {} };
}
