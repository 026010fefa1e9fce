import { type InputRequests } from '#libs/tools';
import { describe, expect, it } from 'vitest';
import { canAnswer, kindsMissing } from './can-answer.js';
import { isEmpty, pendingRequests, responsesBefore, withAnswers } from './pending-requests.js';

const requests: InputRequests = {
  who: { method: 'elicitation/create', params: { message: 'Who?' } },
  roots: { method: 'roots/list' },
};

describe('questions and their answers', () => {
  it('are open until they are answered', () => {
    expect(pendingRequests(requests, null)).toEqual(requests);
    expect(pendingRequests(requests, { who: { action: 'decline' }, other: 1 })).toEqual({
      roots: requests['roots'],
    });
    expect(isEmpty(pendingRequests(requests, { who: {}, roots: {} }))).toBe(true);
  });

  it('take answers to open questions only', () => {
    const given = { who: 'first', unknown: 'x', toString: 'y' };
    const once = withAnswers(requests, { earlier: 1 }, given);
    expect(once).toEqual({ earlier: 1, who: 'first' });
    expect(withAnswers(requests, once, { who: 'second', roots: [] })).toEqual({ ...once, roots: [] });
  });

  it('lose the answer of a question that is asked again', () => {
    expect(responsesBefore(requests, { who: 'wrong', earlier: 1 })).toEqual({ earlier: 1 });
    expect(responsesBefore(requests)).toEqual({});
  });

  it('need a caller who can be asked for each of their kinds', () => {
    expect(kindsMissing(['elicitation'], requests)).toEqual(['roots']);
    expect(canAnswer(['roots', 'elicitation'], requests)).toBe(true);
    expect(canAnswer([], requests)).toBe(false);
    expect(canAnswer(undefined, requests)).toBe(true);
  });
});
