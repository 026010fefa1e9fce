import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { begun, consultedIn, continued, nextStep, withResponses } from './consensus-state.js';
import { aFailure, aFirstStep, anAnswer, aState, PANEL } from './panel-example.js';

const samePanel = () => PANEL;
const otherPanel = () => PANEL.slice(0, 2);
const wanted = PANEL.map(({ model, stance }) => ({ model, stance }));

describe('a step goes on with what was recorded', () => {
  const recorded = aState();

  it('when it is a later one, whatever it says', () => {
    const later = aFirstStep({ step_number: 2, step: 'private', models: wanted, execution: 'parallel' });
    expect(continued(recorded, later, otherPanel)).toBe(recorded);
  });

  it('when it repeats the first one', () => {
    expect(continued(recorded, aFirstStep({ models: wanted }), samePanel)).toBe(recorded);
    expect(continued(recorded, aFirstStep(), otherPanel)).toBe(recorded);
  });

  it.each([
    ['another proposal', aFirstStep({ step: 'Should we not?', models: wanted }), samePanel],
    ['another panel', aFirstStep({ models: wanted }), otherPanel],
    ['another execution', aFirstStep({ models: wanted, execution: 'parallel' }), samePanel],
  ])('but not when it is a first one with %s', (_what, args, panelOf) => {
    expect(continued(recorded, args, panelOf)).toBeUndefined();
  });

  it('and not when nothing was recorded', () => {
    expect(continued(undefined, aFirstStep({ step_number: 2 }), samePanel)).toBeUndefined();
  });
});

it('what begins keeps the proposal, the files and the panel, and no notes', () => {
  const state = begun(aFirstStep(), PANEL);
  expect(state).toEqual({
    proposal: 'Should we?',
    files: ['/plan.md'],
    images: [],
    panel: PANEL,
    execution: 'sequential',
    responses: [null, null, null],
  });
  expect(JSON.stringify(state)).not.toContain('notes');
});

describe('a step consults', () => {
  it('the model of its number', () => {
    expect(consultedIn(aState(), 1)).toEqual([0]);
    expect(consultedIn(aState(), 3)).toEqual([2]);
    expect(consultedIn(aState({ execution: 'parallel' }), 2)).toEqual([1]);
  });

  it('all models, when it is the first of a parallel one', () => {
    expect(consultedIn(aState({ execution: 'parallel' }), 1)).toEqual([0, 1, 2]);
  });

  it('nobody beyond the panel', () => {
    expect(() => consultedIn(aState(), 4)).toThrowError(ExaiError);
    try {
      consultedIn(aState(), 4);
    } catch (error) {
      expect((error as ExaiError).details.issues).toEqual([
        { pointer: '/step_number', expected: 'at most 3, the number of models' },
      ]);
    }
  });
});

it('the next step is the first whose model was not consulted; a failed one was', () => {
  const one = withResponses(aState(), new Map([[0, aFailure(0)]]));
  expect(nextStep(one)).toBe(2);
  const gap = withResponses(one, new Map([[2, anAnswer(2)]]));
  expect(nextStep(gap)).toBe(2);
  const all = withResponses(gap, new Map([[1, anAnswer(1)]]));
  expect(nextStep(all)).toBeUndefined();
  expect(nextStep(aState())).toBe(1);
});

it('an answer takes the place of a failure, and leaves the others', () => {
  const failed = withResponses(
    aState(),
    new Map([
      [0, aFailure(0)],
      [1, anAnswer(1)],
    ]),
  );
  expect(withResponses(failed, new Map([[0, anAnswer(0)]])).responses).toEqual([
    anAnswer(0),
    anAnswer(1),
    null,
  ]);
});
