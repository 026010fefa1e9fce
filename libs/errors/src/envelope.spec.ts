import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, type ErrorCode } from './catalogue.js';
import { type ErrorDetails } from './entry.js';
import { type ErrorEnvelope, errorFromEnvelope, toEnvelope, toProblem } from './envelope.js';
import { ExaiError } from './exai-error.js';

const IDS = { correlationId: 'c-1', callId: 'call-1' };

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('\ud83d'), fc.constant('a\0b'));
const details = fc.record(
  {
    provider: text,
    model: text,
    retryAfterMs: fc.double(),
    upstreamStatus: fc.integer(),
    attempts: fc.nat(),
    reason: fc.oneof(text, fc.string({ minLength: 490, maxLength: 1_200 })),
    suggestions: fc.array(text),
    issues: fc.array(fc.record({ pointer: text, expected: text })),
    limit: fc.oneof(text, fc.double()),
    stage: text,
    requiredCapabilities: fc.array(fc.constantFrom('sampling', 'roots')),
    requiredScope: fc.oneof(text, fc.array(text)),
    variable: text,
    field: text,
    password: text,
    stack: text,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<ErrorDetails>;

describe('toEnvelope', () => {
  it('carries what a caller may know and nothing else', () => {
    const error = new ExaiError(
      'PROVIDER_RATE_LIMITED',
      {
        provider: 'kimi',
        model: 'kimi-k2',
        retryAfterMs: 1999.2,
        attempts: 3,
        upstreamStatus: 429,
        upstreamRequestId: 'req-1',
        reason: 'slow down',
        suggestions: ['glm-5'],
        apiKey: 'sk-secret',
      },
      { cause: new Error('cause text') },
    );
    expect(toEnvelope(error, IDS)).toEqual({
      code: 'PROVIDER_RATE_LIMITED',
      category: 'provider',
      retryable: true,
      retryAfterMs: 2000,
      message: 'Provider kimi reached its rate limit (status 429) after 3 attempts: slow down.',
      hint: 'Call again in 2 s. Other models: glm-5.',
      correlationId: 'c-1',
      callId: 'call-1',
      provider: 'kimi',
      model: 'kimi-k2',
      attempts: 3,
      upstreamStatus: 429,
      upstreamRequestId: 'req-1',
      docs: 'docs/troubleshooting.md#provider_rate_limited',
      details: { suggestions: ['glm-5'], reason: 'slow down' },
    });
  });

  it('leaves out what is not known', () => {
    expect(Object.keys(toEnvelope(new ExaiError('CANCELLED'), { correlationId: 'c' }))).toEqual([
      'code',
      'category',
      'retryable',
      'message',
      'hint',
      'correlationId',
      'docs',
    ]);
  });

  it.each(['INTERNAL', 'STORE_UNAVAILABLE'] as const)(
    'keeps the text of a foreign error inside: %s',
    (code) => {
      const error = new ExaiError(
        code,
        { reason: 'connect 10.1.2.3' },
        { cause: new Error('connect 10.1.2.3') },
      );
      expect(JSON.stringify(toEnvelope(error, IDS))).not.toContain('10.1.2.3');
    },
  );

  it.each<[ErrorCode, boolean]>([
    ['PROVIDER_UNAVAILABLE', true],
    ['QUEUE_FULL', true],
    ['PROVIDER_AUTH', false],
    ['INVALID_ARGUMENT', false],
  ])('%s: retryable %s', (code, retryable) => {
    expect(toEnvelope(new ExaiError(code), IDS).retryable).toBe(retryable);
  });

  it('survives JSON, PostgreSQL and the way back unchanged', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ERROR_CODES), details, (code, given) => {
        const envelope = toEnvelope(new ExaiError(code, given), IDS);
        const stored = JSON.stringify(envelope);
        // An escape of JSON, not the text "\u0000", whose backslash is escaped itself.
        expect(stored).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i);
        expect(JSON.parse(stored)).toEqual(envelope);
        expect(toEnvelope(errorFromEnvelope(JSON.parse(stored) as ErrorEnvelope), IDS)).toEqual(envelope);
        expect(Object.keys(envelope.details ?? {})).not.toContain('password');
        expect(envelope.details?.reason?.length ?? 0).toBeLessThanOrEqual(500);
      }),
    );
  });
});

describe('errorFromEnvelope', () => {
  it('turns a code of another version into INTERNAL', () => {
    const envelope = { ...toEnvelope(new ExaiError('CANCELLED'), IDS), code: 'FROM_THE_FUTURE' };
    expect(errorFromEnvelope(envelope as unknown as ErrorEnvelope).code).toBe('INTERNAL');
  });
});

describe('toProblem', () => {
  it('adds the members of a problem document', () => {
    const problem = toProblem(new ExaiError('SESSION_BUSY'), IDS);
    expect(problem).toMatchObject({
      type: 'docs/troubleshooting.md#session_busy',
      title: 'SESSION_BUSY',
      status: 429,
      detail: problem.message,
      code: 'SESSION_BUSY',
      correlationId: 'c-1',
    });
  });
});
