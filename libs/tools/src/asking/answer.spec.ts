import { describe, expect, it } from 'vitest';
import { asFileRequest, cutAnswer } from './answer.js';

describe('answer', () => {
  it('is cut over 1 MiB, at a whole character, with a mark', () => {
    expect(cutAnswer('short')).toEqual({ content: 'short', cut: false });
    expect(cutAnswer('a\0b\ud800 \u{1f600}').content).toBe('a\ufffdb\ufffd \u{1f600}');
    const { content, cut } = cutAnswer(`x${'é'.repeat(600_000)}`);
    expect(cut).toBe(true);
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(1_048_576);
    expect(content).toMatch(/é\n\n\[answer cut at 1 MiB\]$/);
  });

  it('is a request for files only when it is nothing else', () => {
    const request = {
      status: 'files_required_to_continue',
      mandatory_instructions: 'I need the caller.',
      files_needed: ['/src/a.ts'],
    };
    expect(asFileRequest(JSON.stringify(request))).toEqual(request);
    expect(asFileRequest(`\`\`\`json\n${JSON.stringify(request)}\n\`\`\``)).toEqual(request);
    expect(asFileRequest(`Here: ${JSON.stringify(request)}`)).toBeUndefined();
    expect(asFileRequest('{"status": "files_required_to_continue", "files_needed": []}')).toBeUndefined();
    expect(asFileRequest('{ broken')).toBeUndefined();
  });
});
