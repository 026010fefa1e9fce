import { describe, expect, it } from 'vitest';
import { readExpertAnswer } from './expert-answer.js';

describe("the expert's answer", () => {
  it('is an object when it is JSON, with or without a fence', () => {
    const json = '{"status":"analysis_complete","summary":"all fine"}';
    const expected = { analysis: { status: 'analysis_complete', summary: 'all fine' }, failed: false };
    expect(readExpertAnswer(json)).toEqual(expected);
    expect(readExpertAnswer(`\`\`\`json\n${json}\n\`\`\``)).toEqual(expected);
  });

  it('gets a status when it has none', () => {
    expect(readExpertAnswer('{"summary":"x","status":7}').analysis).toEqual({
      summary: 'x',
      status: 'analysis_complete',
    });
  });

  it.each(['Just words.', '{"cut": ', '[1, 2]', '```\nno end'])('is text otherwise: %s', (text) => {
    expect(readExpertAnswer(text).analysis).toEqual({
      status: 'analysis_complete',
      raw_analysis: text,
      format: 'text',
    });
  });

  it('is named when it is empty', () => {
    expect(readExpertAnswer(' \n').analysis).toEqual({ status: 'empty_response' });
  });

  it.each([
    ['files_required_to_continue', 'files it needs'],
    ['investigation_paused', 'send this step again'],
    ['refactoring_paused', 'send this step again'],
    ['full_codereview_required', 'Call codereview'],
    ['focused_review_required', 'Split the scope'],
    ['test_sample_needed', 'existing tests'],
    ['more_tests_required', 'pending'],
    ['no_bug_found', 'Ask the user'],
  ])('with the status %s stands for the whole call, and says what to do', (status, words) => {
    const answer = readExpertAnswer(JSON.stringify({ status, files_needed: ['/a.ts'] }));
    expect(answer).toEqual({
      promoted: { status, files_needed: ['/a.ts'] },
      advice: expect.stringContaining(words) as string,
      failed: false,
    });
  });

  it('is kept whole when a line at its end says that it is not all', () => {
    const line = '{"status": "more_tests_required", "pending_tests": "b (b.test.ts)"}';
    expect(readExpertAnswer(`# Plan\n\ntest a\n${line}\n`)).toMatchObject({
      analysis: { status: 'analysis_complete', raw_analysis: '# Plan\n\ntest a', format: 'text' },
      promoted: { status: 'more_tests_required', pending_tests: 'b (b.test.ts)' },
      failed: false,
    });
  });

  it.each(['{"status": "toString"}', '{"status": "done"}', '{"status": 7}', '{}'])(
    'is text to its end where that says nothing to act on: %s',
    (line) => {
      const text = `An example:\n${line}`;
      expect(readExpertAnswer(text)).toEqual({
        analysis: { status: 'analysis_complete', raw_analysis: text, format: 'text' },
        failed: false,
      });
    },
  );

  it('tells that the analysis failed', () => {
    expect(readExpertAnswer('{"status":"analysis_error","error":"no idea"}')).toEqual({
      analysis: { status: 'analysis_error', error: 'no idea' },
      failed: true,
    });
  });
});
