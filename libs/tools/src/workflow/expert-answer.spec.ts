import { describe, expect, it } from 'vitest';
import { readExpertAnswer } from './expert-answer.js';

describe("the expert's answer", () => {
  it('is an object when it is JSON, with or without a fence', () => {
    const json = '{"status":"no_bug_found","summary":"all fine"}';
    const expected = { analysis: { status: 'no_bug_found', summary: 'all fine' }, failed: false };
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

  it.each(['files_required_to_continue', 'investigation_paused', 'refactoring_paused'])(
    'with the status %s stands for the whole call',
    (status) => {
      const answer = readExpertAnswer(JSON.stringify({ status, files_needed: ['/a.ts'] }));
      expect(answer).toEqual({ promoted: { status, files_needed: ['/a.ts'] }, failed: false });
    },
  );

  it('tells that the analysis failed', () => {
    expect(readExpertAnswer('{"status":"analysis_error","error":"no idea"}')).toEqual({
      analysis: { status: 'analysis_error', error: 'no idea' },
      failed: true,
    });
  });
});
