import { describe, expect, it } from 'vitest';
import { callSummary, contentOf, warningsOf } from './call-summary.js';

describe('callSummary', () => {
  it('says who, how long, how much, which call, and how to go on', () => {
    const result = {
      content: [],
      structuredContent: {
        continuation_id: 'thread',
        metadata: { model_used: 'simulator-1', usage: { total_tokens: 12_345 }, correlation_id: 'trace' },
      },
      _meta: { 'io.exai/callId': 'call' },
    };
    expect(callSummary(result, 1_260)).toBe(
      'simulator-1 · 1.3 s · 12 345 tokens · id call · go on with --continue thread',
    );
  });

  it('leaves out what is not known', () => {
    expect(callSummary({ content: [] }, 40)).toBe('0.0 s');
  });
});

describe('contentOf and warningsOf', () => {
  it('read the payload, or the text of a foreign server', () => {
    expect(
      contentOf({ content: [{ type: 'text', text: 'raw' }], structuredContent: { content: 'nice' } }),
    ).toBe('nice');
    expect(contentOf({ content: [{ type: 'text', text: 'raw' }, { type: 'image' }] })).toBe('raw');
    expect(warningsOf({ content: [], structuredContent: { metadata: { warnings: ['w', 1] } } })).toEqual([
      'w',
    ]);
    expect(warningsOf({ content: [] })).toEqual([]);
  });
});
