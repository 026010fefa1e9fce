import { describe, expect, it } from 'vitest';
import { gather } from './gather.js';
import { aStep } from './step-example.js';

describe('gathering the steps of a workflow', () => {
  it('keeps paths once, in the order of their first mention, whatever way they are written', () => {
    const gathered = gather([
      aStep(1, { filesChecked: ['/src/b.ts', '/src/a.ts'], relevantFiles: ['/src/lib/'] }),
      aStep(2, { filesChecked: ['/src/./a.ts', '/src/x/../b.ts', '/src/c.ts'], relevantFiles: ['/src/lib'] }),
    ]);
    expect(gathered.filesChecked).toEqual(['/src/b.ts', '/src/a.ts', '/src/c.ts']);
    expect(gathered.relevantFiles).toEqual(['/src/lib']);
  });

  it('keeps the root directory what it is', () => {
    expect(gather([aStep(1, { filesChecked: ['/'] })]).filesChecked).toEqual(['/']);
  });

  it('lists every finding and every hypothesis with its step, and leaves blank ones out', () => {
    const gathered = gather([
      aStep(1, { findings: 'slow', hypothesis: 'the lock', confidence: 'low' }),
      aStep(2, { findings: '  ' }),
      aStep(3, { findings: 'fast', hypothesis: 'the cache', confidence: 'high' }),
    ]);
    expect(gathered.findings).toEqual(['slow', 'fast']);
    expect(gathered.hypotheses).toEqual([
      { step: 1, hypothesis: 'the lock', confidence: 'low' },
      { step: 3, hypothesis: 'the cache', confidence: 'high' },
    ]);
    expect(gathered.confidence).toBe('high');
  });

  it('counts an issue that is reported again once, and one that differs in its line twice', () => {
    const issue = { severity: 'high', description: 'race', file: '/a.ts', line: 3 } as const;
    const gathered = gather([
      aStep(1, { issues: [issue] }),
      aStep(2, { issues: [{ ...issue }, { ...issue, line: 9 }] }),
    ]);
    expect(gathered.issues).toEqual([issue, { ...issue, line: 9 }]);
  });
});
