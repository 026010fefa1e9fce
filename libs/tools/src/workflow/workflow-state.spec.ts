import { describe, expect, it } from 'vitest';
import { aStep } from './step-example.js';
import { withStep } from './workflow-state.js';
import { type WorkflowState } from './workflow.js';

function enter(
  state: WorkflowState | undefined,
  number: number,
  more: { from?: number; text?: string } = {},
) {
  return withStep(state, {
    tool: 'debug',
    step: aStep(number, more.text === undefined ? {} : { step: more.text }),
    backtrackFrom: more.from,
    last: false,
    turns: 4,
  });
}

const three = [1, 2, 3].reduce<WorkflowState | undefined>(
  (state, number) => enter(state, number),
  undefined,
)!;
const numbers = (state: WorkflowState) => state.steps.map(({ stepNumber }) => stepNumber);

describe('a step entering its workflow', () => {
  it('begins one, and remembers the request and where the conversation stood', () => {
    expect(three).toMatchObject({ initialRequest: 'step 1', earlierTurns: 4, finished: false });
    expect(numbers(three)).toEqual([1, 2, 3]);
  });

  it('takes the place of an earlier step with its number', () => {
    const changed = enter(three, 2, { text: 'another way' });
    expect(numbers(changed)).toEqual([1, 2, 3]);
    expect(changed.steps[1]?.step).toBe('another way');
    expect(enter(changed, 2, { text: 'another way' })).toEqual(changed);
  });

  it('changes the request when it takes the place of the first step', () => {
    expect(enter(three, 1, { text: 'a clearer request' }).initialRequest).toBe('a clearer request');
  });

  it('drops what was recorded from the step that it goes back to', () => {
    expect(numbers(enter(three, 4, { from: 2 }))).toEqual([1, 4]);
    expect(numbers(enter(enter(three, 4, { from: 2 }), 4, { from: 2 }))).toEqual([1, 4]);
  });

  it('begins anew with a first step after the end, and only then', () => {
    const ended = { ...three, finished: true };
    expect(numbers(enter(ended, 1))).toEqual([1]);
    expect(numbers(enter(ended, 3))).toEqual([1, 2, 3]);
    expect(numbers(enter(three, 1))).toEqual([1, 2, 3]);
  });

  it('leaves the workflow it was given as it was', () => {
    const before = structuredClone(three);
    enter(three, 2, { from: 1 });
    expect(three).toEqual(before);
  });

  it('remembers the finished workflow it follows, one deep, where the tool keeps it', () => {
    const first = (earlier: WorkflowState | undefined, keepsPrevious: boolean, step = 'anew') =>
      withStep(earlier, { tool: 'planner', step: aStep(1, { step }), last: false, turns: 4, keepsPrevious });
    const done = { ...three, finished: true };
    const second = first(done, true);
    expect(second.previous).toEqual(done);
    expect(first(second, true, 'said better').previous).toEqual(done);
    expect(first({ ...second, finished: true }, true).previous).toEqual({
      ...second,
      finished: true,
      previous: undefined,
    });
    expect(first(done, false)).not.toHaveProperty('previous');
    expect(first(three, true)).not.toHaveProperty('previous');
  });
});
