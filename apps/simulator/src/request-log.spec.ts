import { describe, expect, it } from 'vitest';
import { Attempts } from './attempts.js';
import { RequestLog } from './request-log.js';

const request = {
  method: 'POST',
  path: '/v1/chat/completions',
  isChat: true,
  model: 'simulator-1',
  requestId: 'r',
  attempt: 1,
  stream: false,
  behaviour: 'ok',
};

describe('RequestLog', () => {
  it('keeps the newest requests and their numbers', () => {
    const log = new RequestLog(3);
    for (let count = 0; count < 5; count++) log.add(request, {});
    expect(log.since(0).map((entry) => entry.seq)).toEqual([3, 4, 5]);
    expect(log.since(4).map((entry) => entry.seq)).toEqual([5]);
    log.clear();
    expect(log.since(0)).toEqual([]);
    log.add(request, {});
    expect(log.since(0).map((entry) => entry.seq)).toEqual([6]);
  });

  it('holds at most 50,000', () => {
    const log = new RequestLog();
    for (let count = 0; count < 50_010; count++) log.add(request, {});
    const entries = log.since(0);
    expect(entries).toHaveLength(50_000);
    expect(entries[0]?.seq).toBe(11);
  });
});

describe('Attempts', () => {
  it('counts per request id and forgets the ids least recently used', () => {
    const attempts = new Attempts(2);
    expect([attempts.next('a'), attempts.next('a'), attempts.next('b')]).toEqual([1, 2, 1]);
    attempts.next('a');
    attempts.next('c');
    expect(attempts.next('a')).toBe(4);
    expect(attempts.next('b')).toBe(1);
  });
});
