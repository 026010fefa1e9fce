import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalogue, ERROR_CODES, isErrorCode } from './catalogue.js';
import { type ErrorDetails } from './entry.js';
import { EXIT_CODES } from './exit-codes.js';

const CATEGORIES = [
  'client',
  'security',
  'overload',
  'timeout',
  'cancelled',
  'provider',
  'dependency',
  'configuration',
  'internal',
];

/** Numbers that JSON-RPC and MCP give a meaning; any other number must be ours. */
const STANDARD_NUMBERS = [-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022];

const FULL: ErrorDetails = {
  provider: 'kimi',
  model: 'kimi-k2',
  retryAfterMs: 7_000,
  upstreamStatus: 429,
  upstreamRequestId: 'req-1',
  attempts: 3,
  reason: 'what went wrong.',
  suggestions: ['first', 'second'],
  issues: [{ pointer: '/prompt', expected: 'string' }],
  limit: 4,
  stage: 'running',
  requiredCapabilities: ['sampling'],
  requiredScope: 'tools:call',
  variable: 'KIMI_API_KEY',
  field: 'cursor',
  port: 8079,
  method: 'tools/cal',
  tool: 'chatt',
  requested: '1999-01-01',
  supported: ['2025-06-18'],
  replacedBy: 'kimi-k3',
  file: 'src/main.ts',
};

/** Values of a wrong kind, as a careless caller or a foreign envelope may bring them. */
const ODD = Object.fromEntries(Object.keys(FULL).map((key) => [key, { nested: true }])) as ErrorDetails;
const HOLLOW = Object.fromEntries(
  Object.keys(FULL).map((key) => [key, undefined]),
) as unknown as ErrorDetails;

/** JSON-RPC number and HTTP status: a change here breaks clients. */
const WIRE = {
  PARSE_ERROR: '-32700 400',
  INVALID_REQUEST: '-32600 400',
  METHOD_NOT_FOUND: '-32601 404',
  INVALID_PARAMS: '-32602 400',
  TOOL_NOT_FOUND: '-32602 404',
  HEADER_MISMATCH: '-32020 400',
  MISSING_CLIENT_CAPABILITY: '-32021 400',
  UNSUPPORTED_PROTOCOL_VERSION: '-32022 400',
  PAYLOAD_TOO_LARGE: '-31015 413',
  TOO_DEEP: '-31016 400',
  IDEMPOTENCY_CONFLICT: '-31017 422',
  NOT_FOUND: '-31008 404',
  CONFLICT: '-31009 409',
  INVALID_ARGUMENT: 'tool 422',
  UNAUTHENTICATED: '-31001 401',
  TOKEN_EXPIRED: '-31002 401',
  TOKEN_REVOKED: '-31003 401',
  FORBIDDEN: '-31004 403',
  ORIGIN_REJECTED: '-31005 403',
  HOST_REJECTED: '-31006 403',
  CSRF_REJECTED: '-31007 403',
  FILE_DENIED: 'tool 403',
  URL_DENIED: 'tool 403',
  FILE_NOT_FOUND: 'tool 404',
  FILE_TOO_LARGE: 'tool 413',
  FILE_BINARY: 'tool 415',
  FILE_CORRUPTED: 'tool 502',
  CONVERSATION_EXPIRED: 'tool 404',
  CONVERSATION_FULL: 'tool 409',
  CONVERSATION_CONFLICT: 'tool 409',
  RATE_LIMITED: '-31010 429',
  QUOTA_EXCEEDED: '-31011 429',
  QUEUE_FULL: '-31012 503',
  SESSION_BUSY: '-31013 429',
  DRAINING: '-31014 503',
  DEADLINE_EXCEEDED: 'tool 504',
  CANCELLED: 'none 499',
  PROVIDER_RATE_LIMITED: 'tool 503',
  PROVIDER_UNAVAILABLE: 'tool 503',
  PROVIDER_TIMEOUT: 'tool 504',
  PROVIDER_BAD_RESPONSE: 'tool 502',
  CIRCUIT_OPEN: 'tool 503',
  PROVIDER_TLS: 'tool 502',
  OUTPUT_TOO_LARGE: 'tool 502',
  PROVIDER_REJECTED: 'tool 422',
  CONTEXT_TOO_LARGE: 'tool 413',
  CONTENT_FILTERED: 'tool 422',
  MODEL_NOT_FOUND: 'tool 404',
  MODEL_RETIRED: 'tool 410',
  MODEL_RESTRICTED: 'tool 403',
  MODEL_CAPABILITY: 'tool 422',
  NO_MODEL_AVAILABLE: 'tool 503',
  PROVIDER_NOT_CONFIGURED: 'tool 503',
  PROVIDER_AUTH: 'tool 502',
  PROVIDER_QUOTA: 'tool 502',
  STORE_UNAVAILABLE: '-31030 503',
  QUEUE_UNAVAILABLE: '-31031 503',
  QUEUE_UNSAFE_EVICTION: 'none 503',
  CONFIG_INVALID: 'none 500',
  LISTEN_FAILED: 'none 500',
  WORKER_CRASH_LIMIT: 'tool 500',
  INTERNAL: '-32603 500',
};

const rows = ERROR_CODES.map((code) => ({ code, ...catalogue[code] }));

describe.each(rows)('$code', (row) => {
  it('keeps to the closed lists', () => {
    expect(row.code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(CATEGORIES).toContain(row.category);
    expect(['queue', 'elsewhere', 'caller', 'never']).toContain(row.retry);
    expect(['info', 'warning', 'critical']).toContain(row.severity);
    expect(row.http).toBeGreaterThanOrEqual(400);
    expect(row.http).toBeLessThan(600);
    expect([undefined, 1009, 1012, 4401, 4403, 4429]).toContain(row.wsClose);
    expect([undefined, ...Object.values(EXIT_CODES)]).toContain(row.exit);
  });

  it('uses only numbers that are ours or defined by the protocols', () => {
    if (typeof row.jsonrpc !== 'number') {
      expect(['tool', 'none']).toContain(row.jsonrpc);
      expect(row.toolErrorToo).toBeUndefined();
      return;
    }
    const ours = row.jsonrpc <= -31_000 && row.jsonrpc >= -31_999;
    expect(ours || STANDARD_NUMBERS.includes(row.jsonrpc)).toBe(true);
  });

  it.each([
    ['no details', {}],
    ['all details', FULL],
    ['odd details', ODD],
    ['undefined details', HOLLOW],
  ])('words itself with %s', (_, details) => {
    for (const text of [row.message(details), row.hint(details)]) {
      expect(text).toMatch(/^[^a-z].*[.]$/s);
      expect(text).not.toMatch(/undefined|null|NaN|\[object|\.\.|\s\s|\s[.,:;]/);
      expect(text.length).toBeLessThan(1_000);
    }
  });

  it('says that repeating will not help exactly when it cannot', () => {
    const isStartUp = row.category === 'configuration' && row.jsonrpc === 'none';
    if (!isStartUp && (row.retry === 'never' || row.retry === 'elsewhere'))
      expect(row.hint({})).toContain('will not help');
    else expect(row.hint({})).not.toMatch(/repeating|will not help/i);
  });
});

describe('wording', () => {
  it('uses what is known', () => {
    expect(catalogue.PROVIDER_RATE_LIMITED.message(FULL)).toBe(
      'Provider kimi reached its rate limit (status 429) after 3 attempts: what went wrong.',
    );
    expect(catalogue.PROVIDER_RATE_LIMITED.hint(FULL)).toBe(
      'Call again in 7 s. Other models: first, second.',
    );
    expect(catalogue.INVALID_ARGUMENT.message({ issues: [{ pointer: '/a', expected: 'string' }] })).toBe(
      'The arguments of the tool are not valid: /a (expected string).',
    );
    expect(catalogue.MODEL_NOT_FOUND.hint({ suggestions: ['kimi-k2'] })).toContain('Closest names: kimi-k2.');
    expect(catalogue.PROVIDER_NOT_CONFIGURED.hint({ variable: 'GLM_API_KEY' })).toContain('`GLM_API_KEY`');
  });

  it('gives one text to everybody where a difference would tell what exists', () => {
    for (const code of ['NOT_FOUND', 'CONVERSATION_EXPIRED', 'INTERNAL', 'UNAUTHENTICATED'] as const) {
      expect(catalogue[code].message(FULL)).toBe(catalogue[code].message({}));
      expect(catalogue[code].hint(FULL)).toBe(catalogue[code].hint({}));
    }
    expect(catalogue.FILE_DENIED.message(FULL)).toBe(catalogue.FILE_DENIED.message({}));
  });

  it('cuts long foreign text', () => {
    expect(catalogue.PROVIDER_REJECTED.message({ reason: 'x'.repeat(5_000) }).length).toBeLessThan(620);
  });
});

describe('the table', () => {
  it('gives each of our numbers to one code', () => {
    const own = rows
      .map(({ jsonrpc }) => jsonrpc)
      .filter((number) => typeof number === 'number' && number > -32_000);
    expect(new Set(own).size).toBe(own.length);
  });

  it('caps the attempts of a broken answer only', () => {
    expect(rows.filter(({ attemptsCap }) => attemptsCap !== undefined).map(({ code }) => code)).toEqual([
      'PROVIDER_BAD_RESPONSE',
    ]);
    expect(catalogue.PROVIDER_BAD_RESPONSE.attemptsCap).toBe(2);
  });

  it('keeps the numbers that clients have learned', () => {
    const wire = Object.fromEntries(rows.map(({ code, jsonrpc, http }) => [code, `${jsonrpc} ${http}`]));
    expect(wire).toEqual(WIRE);
  });

  it('knows its own codes and nothing that objects inherit', () => {
    expect(isErrorCode('INTERNAL')).toBe(true);
    for (const other of ['internal', 'toString', '__proto__', '', 1, null])
      expect(isErrorCode(other)).toBe(false);
  });

  it('has one section per code in the troubleshooting document, in the same order', () => {
    const text = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(new Set(headings)).toEqual(new Set(ERROR_CODES));
    expect(headings).toHaveLength(ERROR_CODES.length);
    for (const { code, docs } of rows) expect(docs).toBe(`docs/troubleshooting.md#${code.toLowerCase()}`);
  });
});
