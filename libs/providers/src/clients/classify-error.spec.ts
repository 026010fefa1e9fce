import { ExaiError, toEnvelope, type ErrorCode } from '#libs/errors';
import fc from 'fast-check';
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import { Catalogue } from '../catalogue/catalogue.js';
import { ErrorClassifier } from './classify-error.js';
import { PROVIDERS } from '../descriptors/index.js';
import type { ModelCard } from '../catalogue/model-card.js';

const catalogue = Catalogue.build(PROVIDERS);
const KEY = 'sk-0123456789abcdefABCDEF';

function classifierOf(id: string, key = KEY): ErrorClassifier {
  const provider = catalogue.providers.find((candidate) => candidate.id === id);
  if (!provider) throw new Error(`no provider ${id}`);
  return new ErrorClassifier(provider, key);
}

const classifiers = {
  kimi: classifierOf('kimi'),
  glm: classifierOf('glm'),
  simulator: classifierOf('simulator'),
};
const model = modelOf('kimi-k2.6');

function modelOf(name: string): ModelCard {
  const card = catalogue.find(name);
  if (!card) throw new Error(`no model ${name}`);
  return card;
}

function classify(raw: unknown, id: keyof typeof classifiers = 'simulator'): ExaiError {
  return classifiers[id].classify(raw, model);
}

/** As the package builds it from an answer. */
function answered(
  status: number | undefined,
  error: unknown,
  headers: Record<string, string> = {},
): APIError {
  return APIError.generate(status, { error }, undefined, new Headers(headers));
}

function network(code: string): APIConnectionError {
  const cause = new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
  return new APIConnectionError({ message: 'Connection error.', cause });
}

describe('the table of Kimi', () => {
  it.each<[number, string, string, ErrorCode]>([
    [400, 'invalid_request_error', 'bad field', 'PROVIDER_REJECTED'],
    [400, 'invalid_request_error', 'Your request exceeded model token limit: 8192', 'CONTEXT_TOO_LARGE'],
    [400, 'invalid_request_error', 'Input token length too long', 'CONTEXT_TOO_LARGE'],
    [400, 'content_filter', 'high risk', 'CONTENT_FILTERED'],
    [401, 'invalid_authentication_error', 'Invalid Authentication', 'PROVIDER_AUTH'],
    [401, 'incorrect_api_key_error', 'Incorrect API key', 'PROVIDER_AUTH'],
    [403, 'permission_denied_error', 'not open to you', 'PROVIDER_AUTH'],
    [403, 'permission_denied_error', 'Your account balance is too low', 'PROVIDER_QUOTA'],
    [404, 'resource_not_found_error', 'Not found the model', 'MODEL_NOT_FOUND'],
    [404, 'resource_not_found_error', 'file abc not found', 'FILE_NOT_FOUND'],
    [429, 'engine_overloaded_error', 'overloaded', 'PROVIDER_UNAVAILABLE'],
    [429, 'rate_limit_reached_error', 'max RPM', 'PROVIDER_RATE_LIMITED'],
    [429, 'exceeded_current_quota_error', 'quota', 'PROVIDER_QUOTA'],
    [500, 'server_error', 'oops', 'PROVIDER_UNAVAILABLE'],
    [500, 'unexpected_output', 'oops', 'PROVIDER_UNAVAILABLE'],
  ])('%i %s (%s) is %s', (status, type, message, code) => {
    expect(classify(answered(status, { type, message }), 'kimi').code).toBe(code);
  });

  it('knows the same errors in the middle of a stream, where there is no status', () => {
    const event = Object.assign(new Error('in stream'), { error: { type: 'engine_overloaded_error' } });
    expect(classify(event, 'kimi').code).toBe('PROVIDER_UNAVAILABLE');
  });

  it('reads the time to wait from the text when no header says it', () => {
    const error = { type: 'rate_limit_reached_error', message: 'please try again after 2 seconds' };
    expect(classify(answered(429, error), 'kimi').details.retryAfterMs).toBe(2_000);
    const stated = answered(429, error, { 'retry-after': '7' });
    expect(classify(stated, 'kimi').details.retryAfterMs).toBe(7_000);
  });
});

describe('the table of GLM', () => {
  it.each<[ErrorCode, number[]]>([
    ['PROVIDER_UNAVAILABLE', [500, 1120, 1234, 1312]],
    ['PROVIDER_AUTH', [1000, 1001, 1002, 1003, 1004, 1110, 1111, 1112, 1121, 1220, 1221, 1222]],
    ['PROVIDER_BAD_RESPONSE', [1200, 1230]],
    ['PROVIDER_REJECTED', [1210, 1213, 1214, 1215, 1231]],
    ['MODEL_NOT_FOUND', [1211, 1212]],
    ['CONTEXT_TOO_LARGE', [1261]],
    ['CONTENT_FILTERED', [1300, 1301]],
    ['PROVIDER_RATE_LIMITED', [1302, 1303, 1305]],
    ['PROVIDER_QUOTA', [1113, 1304, 1308, 1309, 1310, 1311, 1313]],
  ])('%s is %j, whatever the status', (code, businessCodes) => {
    for (const business of businessCodes) {
      expect(classify(answered(429, { code: String(business), message: 'x' }), 'glm').code).toBe(code);
      expect(classify(answered(400, { code: business, message: 'x' }), 'glm').code).toBe(code);
    }
  });

  it('knows the statuses of its own', () => {
    expect(classify(answered(434, {}), 'glm').code).toBe('PROVIDER_AUTH');
    expect(classify(answered(435, {}), 'glm').code).toBe('FILE_TOO_LARGE');
  });
});

describe('the generic tables', () => {
  it.each<[number, ErrorCode]>([
    [301, 'PROVIDER_BAD_RESPONSE'],
    [400, 'PROVIDER_REJECTED'],
    [401, 'PROVIDER_AUTH'],
    [402, 'PROVIDER_QUOTA'],
    [403, 'PROVIDER_AUTH'],
    [404, 'MODEL_NOT_FOUND'],
    [408, 'PROVIDER_TIMEOUT'],
    [413, 'CONTEXT_TOO_LARGE'],
    [418, 'PROVIDER_REJECTED'],
    [429, 'PROVIDER_RATE_LIMITED'],
    [500, 'PROVIDER_UNAVAILABLE'],
    [502, 'PROVIDER_UNAVAILABLE'],
    [529, 'PROVIDER_UNAVAILABLE'],
  ])('%i is %s for every provider', (status, code) => {
    for (const id of ['kimi', 'glm', 'simulator'] as const) {
      const error = classify(answered(status, undefined), id);
      expect(error.code).toBe(code);
      expect(error.details).toMatchObject({ provider: id, upstreamStatus: status });
    }
  });

  it.each<[string, ErrorCode]>([
    ['ECONNREFUSED', 'PROVIDER_UNAVAILABLE'],
    ['ECONNRESET', 'PROVIDER_UNAVAILABLE'],
    ['ENOTFOUND', 'PROVIDER_UNAVAILABLE'],
    ['EAI_AGAIN', 'PROVIDER_UNAVAILABLE'],
    ['UND_ERR_SOCKET', 'PROVIDER_UNAVAILABLE'],
    ['UND_ERR_CONNECT_TIMEOUT', 'PROVIDER_TIMEOUT'],
    ['UND_ERR_HEADERS_TIMEOUT', 'PROVIDER_TIMEOUT'],
    ['UND_ERR_HEADERS_OVERFLOW', 'OUTPUT_TOO_LARGE'],
    ['CERT_HAS_EXPIRED', 'PROVIDER_TLS'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'PROVIDER_TLS'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'PROVIDER_TLS'],
    ['HPE_INVALID_CONSTANT', 'PROVIDER_BAD_RESPONSE'],
    ['SOMETHING_ELSE', 'PROVIDER_UNAVAILABLE'],
  ])('%s is %s', (code, expected) => {
    expect(classify(network(code)).code).toBe(expected);
  });

  it('knows the time-out of the package, which has no cause', () => {
    expect(classify(new APIConnectionTimeoutError()).code).toBe('PROVIDER_TIMEOUT');
  });

  it('passes our own errors on and takes anything unknown for a fault of ours', () => {
    const own = new ExaiError('OUTPUT_TOO_LARGE');
    expect(classify(own)).toBe(own);
    for (const raw of [new TypeError('x is not a function'), null, undefined, 'text', 7]) {
      expect(classify(raw).code).toBe('INTERNAL');
    }
  });

  it('survives a chain of causes that bites its own tail', () => {
    const error = new Error('round');
    error.cause = error;
    expect(classify(error).code).toBe('INTERNAL');
  });
});

describe('what is kept of the answer', () => {
  it('is status, request id, waiting time and reason', () => {
    const headers = { 'msh-request-id': 'req-1', 'retry-after': '3' };
    expect(classify(answered(429, { message: 'slow down' }, headers)).details).toEqual({
      provider: 'simulator',
      model: model.id,
      reason: 'slow down',
      upstreamStatus: 429,
      upstreamRequestId: 'req-1',
      retryAfterMs: 3_000,
    });
  });

  it('reads a date to wait for', () => {
    const headers = { 'retry-after': new Date(Date.now() + 5_000).toUTCString() };
    const wait = classify(answered(503, {}, headers)).details.retryAfterMs ?? 0;
    expect(wait).toBeGreaterThan(3_000);
    expect(wait).toBeLessThanOrEqual(5_000);
  });
});

describe('redaction', () => {
  const key = fc.stringMatching(/^[A-Za-z0-9_.-]{16,64}$/);

  it('leaves no key in any text, wherever the vendor puts it', () => {
    fc.assert(
      fc.property(
        key,
        fc.string(),
        fc.string(),
        fc.constantFrom(401, 500),
        (secret, before, after, status) => {
          const own = classifierOf('kimi', secret);
          const raw = answered(status, { message: before + secret + after }, { 'x-request-id': 'id' });
          const error = own.classify(raw, model);
          const everything = JSON.stringify([
            error.message,
            error.hint,
            error.details,
            toEnvelope(error, { correlationId: 'c' }),
            String(error.cause),
            (error.cause as Error).stack,
          ]);
          expect(everything).not.toContain(secret);
          expect(everything).not.toContain(encodeURIComponent(secret));
          expect(everything).not.toContain(Buffer.from(secret).toString('base64'));
        },
      ),
    );
  });

  it.each([
    'sk-proj-abcdefgh12345678',
    'sk-****************wxyz',
    '0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp',
    'Bearer abcdefghijklmnop',
    'a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b2c3',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl',
  ])('takes out %s, though it is not the key in use', (secret) => {
    const { reason } = classify(answered(401, { message: `the key ${secret} is wrong` })).details;
    expect(reason).toMatch(/^the key \[redacted\] is wrong$/);
  });

  it('keeps ordinary words and names of models', () => {
    const message = 'moonshot-v1-128k-vision-preview: max_completion_tokens must be below 131072';
    expect(classify(answered(400, { message })).details.reason).toBe(message);
  });

  it('keeps at most 500 characters, and no half of a key at the cut', () => {
    for (const length of [480, 490, 499, 8_180, 8_191, 60_000]) {
      const { reason = '' } = classify(
        answered(400, { message: `${'x '.repeat(length / 2)}${KEY}` }),
      ).details;
      expect(reason.length).toBeLessThanOrEqual(500);
      expect(reason).not.toContain('sk-');
    }
  });
});

describe('how long to wait', () => {
  it('is read from the date in the text of a plan that is used up, in the time of Beijing', () => {
    const at = new Date(Date.now() + 3_600_000 + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    const message = `Usage limit reached for 5 hour. Your limit will reset at ${at}`;
    const error = classify(answered(429, { code: '1308', message }), 'glm');
    expect(error.code).toBe('PROVIDER_QUOTA');
    expect(error.details.retryAfterMs).toBeGreaterThan(3_590_000);
    expect(error.details.retryAfterMs).toBeLessThanOrEqual(3_600_000);
  });

  it('is not taken from a date in any other error', () => {
    const error = classify(answered(400, { message: 'model offline since 2026-01-01 00:00:00' }));
    expect(error.details).not.toHaveProperty('retryAfterMs');
  });

  it('is when the limit is fresh again where a 429 says nothing else', () => {
    const limits = { 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' };
    expect(classify(answered(429, {}, limits)).details.retryAfterMs).toBe(9_000);
    expect(classify(answered(429, {}, { ...limits, 'retry-after': '1' })).details.retryAfterMs).toBe(1_000);
    expect(classify(answered(500, {}, limits)).details).not.toHaveProperty('retryAfterMs');
  });
});

describe('without a model', () => {
  it('an error names the provider alone', () => {
    const error = classifiers.kimi.classify(answered(413, { message: 'too large' }));
    expect(error.details).toMatchObject({ provider: 'kimi', upstreamStatus: 413 });
    expect(error.details).not.toHaveProperty('model');
    expect(error.details).not.toHaveProperty('limit');
  });
});

it('says of an error that it concerns the model alone where the table says so', () => {
  const provider = catalogue.providers.find(({ id }) => id === 'glm');
  if (!provider) throw new Error('no provider');
  const errors = [
    { code: '1220', becomes: 'PROVIDER_AUTH', scope: 'model' } as const,
    { code: '1000', becomes: 'PROVIDER_AUTH' } as const,
  ];
  const own = new ErrorClassifier({ ...provider, quirks: { ...provider.quirks, errors } }, KEY);
  expect(own.classify(answered(403, { code: '1220' }), model).details['scope']).toBe('model');
  expect(own.classify(answered(403, { code: '1000' }), model).details).not.toHaveProperty('scope');
});

it('finds an error of ours below those of the connection, and names who was asked', () => {
  const denied = new ExaiError('URL_DENIED', { reason: 'its address is private' });
  const error = classify(new Error('not sent', { cause: new TypeError('fetch failed', { cause: denied }) }));
  expect(error.code).toBe('URL_DENIED');
  expect(error.details).toEqual({
    provider: 'simulator',
    model: model.id,
    reason: 'its address is private',
  });
});

it('names the stage of a connection that was not made in time', () => {
  expect(classify(network('UND_ERR_CONNECT_TIMEOUT')).details['stage']).toBe('connect');
  expect(classify(network('UND_ERR_BODY_TIMEOUT')).details).not.toHaveProperty('stage');
});
