import { describe, expect, it } from 'vitest';
import { ScriptError } from './script.js';
import { glmErrorBody, kimiError } from './vendor-codes.js';

describe("GLM's business errors", () => {
  it('carry their code as text beside a message', () => {
    expect(glmErrorBody(1301)).toEqual({
      error: { code: '1301', message: 'Sensitive content detected in input or generation.' },
    });
    expect(glmErrorBody(9999)).toMatchObject({ error: { code: '9999' } });
  });

  it('name the time of a reset as it is in China', () => {
    const { error } = glmErrorBody(1308, 600) as { error: { message: string } };
    const named = /reset at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$/.exec(error.message)?.[1] ?? '';
    const inSeconds = (Date.parse(`${named.replace(' ', 'T')}+08:00`) - Date.now()) / 1000;
    expect(inSeconds).toBeGreaterThan(597);
    expect(inSeconds).toBeLessThanOrEqual(600);
  });
});

describe("Kimi's errors", () => {
  it('are told apart by their type', () => {
    expect(kimiError()).toMatchObject({ status: 429, type: 'rate_limit_reached_error' });
    expect(kimiError('content_filter')).toMatchObject({ status: 400, type: 'content_filter' });
    expect(kimiError('token_limit')).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringContaining('token limit') as string,
    });
    expect(() => kimiError('nonsense')).toThrow(ScriptError);
  });
});
