import { type JSONRPCMessage } from '@modelcontextprotocol/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SessionEvents } from './session-events.js';

const message = (text: string): JSONRPCMessage => ({ jsonrpc: '2.0', id: 1, result: { text } });

async function replayed(events: SessionEvents, lastId: string): Promise<string[]> {
  const texts: string[] = [];
  await events.replayEventsAfter(lastId, {
    send(_id, { result }: JSONRPCMessage & { result?: { text?: unknown } }) {
      texts.push(String(result?.text));
      return Promise.resolve();
    },
  });
  return texts;
}

describe('what a session has been sent', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is given again from an event on, of its stream only and in order', async () => {
    const events = new SessionEvents();
    const opened = await events.storeEvent('a', {} as JSONRPCMessage);
    const first = await events.storeEvent('a', message('one'));
    await events.storeEvent('b', message('of another stream'));
    const second = await events.storeEvent('a', message('two'));
    expect([opened, first, second]).toEqual([opened, first, second].sort());
    expect(await events.getStreamIdForEventId(first)).toBe('a');
    expect(await replayed(events, opened)).toEqual(['one', 'two']);
    expect(await replayed(events, first)).toEqual(['two']);
    expect(await replayed(events, second)).toEqual([]);
  });

  it('is at most 1,000 events', async () => {
    const events = new SessionEvents();
    const ids: string[] = [];
    for (let count = 0; count < 1_200; count += 1) ids.push(await events.storeEvent('a', message('x')));
    expect(await events.getStreamIdForEventId(ids[199] ?? '')).toBeUndefined();
    expect(await events.getStreamIdForEventId(ids[200] ?? '')).toBe('a');
    await expect(replayed(events, ids[0] ?? '')).rejects.toThrow();
  });

  it('is at most 8 MiB', async () => {
    const events = new SessionEvents();
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) {
      ids.push(await events.storeEvent('a', message('x'.repeat(1_048_576))));
    }
    const kept = [];
    for (const id of ids) if (await events.getStreamIdForEventId(id)) kept.push(id);
    expect(kept).toEqual(ids.slice(-kept.length));
    expect(kept).toHaveLength(7);
  });

  it('is forgotten after ten minutes', async () => {
    const events = new SessionEvents();
    const old = await events.storeEvent('a', message('old'));
    vi.advanceTimersByTime(9 * 60_000);
    const young = await events.storeEvent('a', message('young'));
    expect(await events.getStreamIdForEventId(old)).toBe('a');
    vi.advanceTimersByTime(2 * 60_000);
    expect(await events.getStreamIdForEventId(old)).toBeUndefined();
    expect(await events.getStreamIdForEventId(young)).toBe('a');
  });
});
