import { describe, expect, it } from 'vitest';
import { expertQuestion } from './expert-question.js';
import { gather } from './gather.js';
import { aStep } from './step-example.js';
import { type WorkflowStep } from './workflow.js';

function question(steps: WorkflowStep[], maxTokens = 10_000): string {
  const state = { tool: 'debug', initialRequest: steps[0]!.step, steps, earlierTurns: 0, finished: true };
  return expertQuestion(state, gather(steps), 'Find the cause.', maxTokens);
}

describe('the question to the model', () => {
  it('holds the request, every finding, hypotheses, issues by severity and, last, the task', () => {
    const text = question([
      aStep(1, {
        step: 'It hangs.',
        hypothesis: 'a lock',
        issues: [{ severity: 'low', description: 'a name' }],
        relevantContext: ['Pool.take'],
      }),
      aStep(2, { issues: [{ severity: 'critical', description: 'a race', file: '/a.ts', line: 7 }] }),
    ]);
    expect(text).toMatch(/^## Initial request\nIt hangs\./);
    expect(text).toContain('### Step 1 (confidence: low)\nIt hangs.\nFindings: findings 1');
    expect(text).toContain('### Step 2 (confidence: low)\nstep 2\nFindings: findings 2');
    expect(text).toContain('- step 1 (confidence: low): a lock');
    expect(text).toContain('- critical: a race (/a.ts:7)\n- low: a name');
    expect(text).toContain('- Pool.take');
    expect(text).toMatch(/## Your task\nFind the cause\.$/);
  });

  it('names the settings of the tool, each as it was last given', () => {
    const text = question([
      aStep(1, { own: { review_type: 'full', focus_areas: ['cost', 'speed'], standards: '' } }),
      aStep(2, { own: { review_type: 'security', focus_areas: [] } }),
    ]);
    expect(text).toContain('## Settings\n- review_type: security\n- focus_areas: cost, speed\n\n');
  });

  it('has no heading without something under it', () => {
    const headings = question([aStep(1)]).match(/^## .*$/gm);
    expect(headings).toEqual(['## Initial request', '## Work so far', '## Your task']);
  });

  it('leaves the oldest steps out when they are too long together, says so, and keeps the newest', () => {
    const long = 'word '.repeat(400);
    const text = question(
      [1, 2, 3].map((number) => aStep(number, { findings: long })),
      1_200,
    );
    expect(text).toContain('The steps up to number 1 are left out for their length.');
    expect(text).not.toContain('### Step 1');
    expect(text).toContain('### Step 3');
    expect(question([aStep(1, { findings: long })], 10)).toContain('### Step 1');
  });
});
