import { createHash } from 'node:crypto';
import { baseMetadata } from '../payload.js';
import { type PayloadMetadata, type ToolCall } from '../tool.js';
import { type ExpertCase } from './workflow-expert.js';

/** Equal for calls whose question to a model is the same, and comes from somebody with the same rights. */
export function questionKey({ call, parsed, thread, view }: Omit<ExpertCase, 'expert' | 'tool'>): string {
  const { model, temperature, thinking_mode: thinkingMode, use_websearch: webSearch } = parsed;
  const { principal, clientFiles } = call;
  const question = [
    principal,
    thread.id,
    view.state,
    model,
    temperature,
    thinkingMode,
    webSearch,
    clientFiles,
  ];
  return createHash('sha256').update(JSON.stringify(question)).digest('hex');
}

/** For one who got the answer to the question of another call: that one has the costs. */
export function sharedMetadata(
  { usage: _usage, cost_usd: _costUsd, ...metadata }: PayloadMetadata,
  call: ToolCall,
): PayloadMetadata {
  return { ...metadata, ...baseMetadata(call), shared_answer: true };
}
