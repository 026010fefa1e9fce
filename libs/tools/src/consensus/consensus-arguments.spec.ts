import { describe, expect, it } from 'vitest';
import { consensus } from '../definitions/consensus.tool.js';
import { compileInput } from '../tool-input.js';

const { parse, schema } = compileInput(consensus, 240_000);
const step = { step: 'Should we?', step_number: 1, total_steps: 2, next_step_required: true };

function parsed(more: object) {
  const result = parse({ ...step, ...more });
  return result.ok ? result.args : result.issues;
}

describe('models of a panel', () => {
  it('are neutral unless they say otherwise', () => {
    expect(
      parsed({ models: [{ model: 'a' }, { model: 'a', stance: 'for', stance_prompt: 'x' }] }),
    ).toMatchObject({
      models: [
        { model: 'a', stance: 'neutral' },
        { model: 'a', stance: 'for', stance_prompt: 'x' },
      ],
    });
  });

  it('may be written as answers name them; other suffixes belong to the id', () => {
    expect(parsed({ models: ['a:against', 'b', 'vendor/c:free'] })).toMatchObject({
      models: [
        { model: 'a', stance: 'against' },
        { model: 'b', stance: 'neutral' },
        { model: 'vendor/c:free', stance: 'neutral' },
      ],
    });
  });

  it('are refused with the place that is wrong', () => {
    expect(parsed({ models: [{ model: 'a' }, { model: '', stance: 'maybe', position: 1 }, 7] })).toEqual(
      expect.arrayContaining([
        { pointer: '/models/1/model', expected: 'at least 1 characters' },
        { pointer: '/models/1/stance', expected: 'one of for, against, neutral' },
        { pointer: '/models/1/position', expected: 'no such argument; accepted: see the description' },
        { pointer: '/models/2', expected: 'an object' },
      ]),
    );
  });

  it('are listed with their shape', () => {
    expect(schema['properties']).toMatchObject({
      models: {
        items: { required: ['model'], properties: { stance: { enum: ['for', 'against', 'neutral'] } } },
      },
    });
  });
});

it('state that the caller sends along is taken and dropped', () => {
  const more = { current_model_index: 'x', model_responses: [1], use_assistant_model: 'no' };
  expect(Object.keys(parsed(more)).sort()).toEqual(Object.keys(parsed({})).sort());
});
