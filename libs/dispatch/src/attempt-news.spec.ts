import { describe, expect, it } from 'vitest';
import { AttemptNews } from './attempt-news.js';
import { CallSignals } from './call-signals.js';

/** A carrier that keeps what it is to send, and takes a moment. */
class RecordedSignals extends CallSignals {
  override readonly ledgerChannel = undefined;
  readonly told: Record<string, unknown>[] = [];
  override start = (): Promise<void> => Promise.resolve();
  override close = (): Promise<void> => Promise.resolve();
  protected override async send(payloads: readonly string[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const payload of payloads) {
      this.told.push((JSON.parse(payload) as { progress: Record<string, unknown> }).progress);
    }
  }
}

describe('news of an attempt', () => {
  it('arrive in the order in which they were told, all of them before the end', async () => {
    const signals = new RecordedSignals();
    const news = new AttemptNews(signals, { id: 'call' });
    news.tell({ kind: 'delta', text: 'Hel' });
    news.tell({ kind: 'delta', text: 'lo' });
    news.tell({ kind: 'log', level: 'info', data: 1 });
    news.tell({ kind: 'delta', text: '!' });
    news.tell({ kind: 'phase', message: 'asking', progress: 1, total: 2 });
    news.tell({ kind: 'delta', text: '?' });
    await news.delivered();
    expect(signals.told.map(({ kind, text }) => text ?? kind)).toEqual(['Hello', 'log', '!', 'phase', '?']);
    expect(news.deltaSent).toBe(true);
  });

  it('differ from one another even when they say the same', async () => {
    const signals = new RecordedSignals();
    const news = new AttemptNews(signals, { id: 'call' });
    news.tell({ kind: 'log', level: 'info', data: 'again' });
    news.tell({ kind: 'log', level: 'info', data: 'again' });
    await news.delivered();
    expect(new Set(signals.told.map((one) => JSON.stringify(one))).size).toBe(2);
  });

  it('of a member go to whoever waits for its parent, without its text', async () => {
    const signals = new RecordedSignals();
    const news = new AttemptNews(signals, { id: 'member', parentId: 'parent' });
    news.tell({ kind: 'delta', text: 'one of several' });
    news.tell({ kind: 'phase', message: 'asking' });
    await news.delivered();
    expect(signals.told).toMatchObject([{ id: 'parent', kind: 'phase' }]);
    expect(news.deltaSent).toBe(false);
  });
});
