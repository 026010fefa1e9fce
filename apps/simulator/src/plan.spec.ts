import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BEHAVIOURS } from './behaviours.js';
import { readPlan, stepAt, unrollSteps } from './plan.js';
import { parseScript, ScriptError } from './script.js';

const planOf = (source: string) => readPlan(parseScript(source));
const namesOf = (source: string, attempts: number): string[] =>
  Array.from({ length: attempts }, (_, index) => stepAt(planOf(source), index + 1).behaviour.name);

describe('plan', () => {
  it.each([
    ['latency(5)', ['ok', 'ok']],
    ['500', ['500', '500', '500']],
    ['500 x2', ['500', '500', 'ok', 'ok']],
    ['fail-first(500, 2)', ['500', '500', 'ok', 'ok']],
    ['fail-first(glm-error(1305, 500))', ['glm-error', 'ok']],
    ['500, 503', ['500', '503', '503']],
    ['500 x2, 429(1), ok', ['500', '500', '429-seconds', 'ok', 'ok']],
  ])('%s', (source, expected) => {
    expect(namesOf(source, expected.length)).toEqual(expected);
  });

  it('fails exactly the first N attempts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.integer({ min: 1, max: 12_000 }),
        (count, attempt) => {
          const expected = attempt <= count ? 'rst-mid-body' : 'ok';
          expect(stepAt(planOf(`cut x${count}`), attempt).behaviour.name).toBe(expected);
          expect(stepAt(planOf(`fail-first(cut, ${count})`), attempt).behaviour.name).toBe(expected);
        },
      ),
    );
  });

  it('reads settings wherever they stand', () => {
    expect(planOf('latency(1), 500, delay(2), tokens(3), answer(a, (b)), echo').settings).toEqual({
      latencyMs: 1,
      delayMs: 2,
      tokens: 3,
      answer: 'a, (b)',
      echo: true,
    });
  });

  it('keeps any exact answer written as a JSON string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(planOf(`answer(${JSON.stringify(text)})`).settings.answer).toBe(text);
      }),
    );
  });

  it('unrolls for a queue', () => {
    expect(unrollSteps(planOf('500 x2, ok')).map((step) => step.behaviour.name)).toEqual([
      '500',
      '500',
      'ok',
    ]);
    expect(unrollSteps(planOf('latency(1)'))).toHaveLength(1);
  });

  it.each([
    'nonsense',
    '500(1)',
    '429(soon)',
    '429(-1)',
    'latency',
    'latency(99999999)',
    'latency(1) x2',
    'answer("unfinished)',
    'answer("a" b)',
    'rate-limit(5)',
    'rate-limit(5, 0)',
    'fail-first(500, many)',
    'fail-first()',
    'fail-first(500, 1, 2)',
  ])('refuses "%s"', (source) => {
    expect(() => planOf(source)).toThrow(ScriptError);
  });

  it('reads limits, caches and texts', () => {
    expect(planOf('rate-limit(10, 2.5), cached(7), cache-written(3), searches(0)').settings).toEqual({
      rateLimit: { requests: 10, seconds: 2.5 },
      cached: 7,
      cacheWritten: 3,
      searches: 0,
    });
    expect(planOf('redirect-private(http://[::1]:80/(a)) x2').steps).toMatchObject([
      { args: [], text: 'http://[::1]:80/(a)', times: 2 },
    ]);
  });

  it('has no name twice', () => {
    const names = BEHAVIOURS.flatMap((behaviour) => [behaviour.name, ...behaviour.aliases]);
    expect(new Set(names).size).toBe(names.length);
  });
});
