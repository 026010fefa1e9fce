import type { LookupAddress } from 'node:dns';
import { ExaiError } from '#libs/errors';
import { describe, expect, it } from 'vitest';
import { allowsPrivate, checkAddress, checkedLookup, checkUrl, literalOf } from './url-policy.js';

function denial(action: () => void): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ExaiError);
    expect((error as ExaiError).code).toBe('URL_DENIED');
    return String((error as ExaiError).details.reason);
  }
  return 'allowed';
}

describe('an address', () => {
  it.each(['8.8.8.8', '104.18.7.192', '2606:4700::6812:7c0', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    '%s on the public internet is allowed',
    (address) => expect(denial(() => checkAddress(address, false))).toBe('allowed'),
  );

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '192.0.2.1',
    '240.0.0.1',
    '::1',
    '::',
    'fd00::1',
    'ff02::1',
    'fec0::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '4000::1',
    '::7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
  ])('%s is refused, and allowed where private addresses are', (address) => {
    expect(denial(() => checkAddress(address, false))).toMatch(/^its address is /);
    expect(denial(() => checkAddress(address, true))).toBe('allowed');
  });

  it.each(['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1'])(
    '%s, where clouds keep their keys, is refused always',
    (address) => {
      expect(denial(() => checkAddress(address, false))).toBe('its address is linkLocal');
      expect(denial(() => checkAddress(address, true))).toBe('its address is linkLocal');
    },
  );
});

describe('a URL', () => {
  it.each([
    ['https://api.example.com/v1', 'allowed', 'allowed'],
    ['http://api.example.com/v1', 'the scheme http: is not allowed', 'allowed'],
    ['ftp://api.example.com/', 'the scheme ftp: is not allowed', 'the scheme ftp: is not allowed'],
    ['https://u:p@api.example.com/', 'it contains credentials', 'it contains credentials'],
    ['https://u@api.example.com/', 'it contains credentials', 'it contains credentials'],
    ['https://api.example.com/#x', 'it has a fragment', 'it has a fragment'],
  ])('%s', (text, closed, open) => {
    expect(denial(() => checkUrl(new URL(text), false))).toBe(closed);
    expect(denial(() => checkUrl(new URL(text), true))).toBe(open);
  });

  it.each([
    ['http://127.0.0.1:8078/v1', true],
    ['http://127.9.9.9', true],
    ['http://2130706433/', true],
    ['http://[::1]:1/', true],
    ['http://[::ffff:127.0.0.1]/', true],
    ['http://localhost:1234', true],
    ['http://localhost.example.com', false],
    ['http://127.0.0.1.example.com', false],
    ['http://10.0.0.1', false],
    ['https://api.example.com', false],
    ['nonsense', false],
  ])('%s of the operator counts as private: %s', (baseUrl, expected) => {
    expect(allowsPrivate(baseUrl, false)).toBe(expected);
    expect(allowsPrivate(baseUrl, true)).toBe(true);
  });

  it('has a literal address only if it is one', () => {
    expect(['[::1]', '127.0.0.1', 'example.com', '1.2.3'].map(literalOf)).toEqual([
      '::1',
      '127.0.0.1',
      undefined,
      undefined,
    ]);
  });
});

describe('the lookup', () => {
  const global4 = { address: '8.8.8.8', family: 4 };
  const global6 = { address: '2606:4700::1', family: 6 };
  const inside = { address: '10.0.0.1', family: 4 };

  function look(
    addresses: LookupAddress[],
    { all = true, allowPrivate = false, error = null as Error | null } = {},
  ): Promise<unknown[]> {
    const lookup = checkedLookup(allowPrivate, (_host, _options, callback) => callback(error, addresses));
    return new Promise((resolve) => {
      lookup('api.example.com', { all, family: 4 }, (...result) => resolve(result));
    });
  }

  it('answers with the addresses it has judged', async () => {
    expect(await look([global4, global6])).toEqual([null, [global4, global6]]);
    expect(await look([global4, global6], { all: false })).toEqual([null, '8.8.8.8', 4]);
    expect(await look([inside], { allowPrivate: true })).toEqual([null, [inside]]);
  });

  it('refuses a name if a single one of its addresses is not allowed', async () => {
    for (const all of [true, false]) {
      const [error] = await look([global4, inside, global6], { all });
      expect(error).toMatchObject({ code: 'URL_DENIED', details: { reason: 'its address is private' } });
    }
  });

  it('passes a failure on', async () => {
    const error = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    expect((await look([], { error }))[0]).toBe(error);
  });

  it('resolves real names', async () => {
    const lookup = checkedLookup(false);
    const [error] = await new Promise<unknown[]>((resolve) => {
      lookup('localhost', { all: true }, (...result) => resolve(result));
    });
    expect(error).toMatchObject({ code: 'URL_DENIED', details: { reason: 'its address is loopback' } });
  });
});
