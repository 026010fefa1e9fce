import { describe, expect, it } from 'vitest';
import { keyOf, readMessage } from './message.js';

describe('readMessage', () => {
  it('tells requests, notifications and responses apart', () => {
    expect(readMessage('{"jsonrpc":"2.0","id":0,"method":"ping"}')).toEqual({
      kind: 'request',
      request: { id: 0, method: 'ping', modern: false },
    });
    expect(readMessage('{"jsonrpc":"2.0","method":"notifications/x"}').kind).toBe('notification');
    expect(readMessage('{"jsonrpc":"2.0","id":"a","result":{}}')).toEqual({
      kind: 'response',
      id: 'a',
      ok: true,
    });
    expect(readMessage('{"jsonrpc":"2.0","id":null,"error":{"code":1}}')).toEqual({
      kind: 'response',
      id: null,
      ok: false,
    });
  });

  it('finds what is needed to answer a call that was lost', () => {
    const _meta = { progressToken: 7, 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const params = { name: 'chat', arguments: {}, _meta };
    expect(readMessage(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }))).toEqual({
      kind: 'request',
      request: { id: 1, method: 'tools/call', tool: 'chat', progressToken: 7, modern: true },
    });
  });

  it.each([
    ['not json', 'PARSE_ERROR'],
    ['[]', 'INVALID_REQUEST'],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 'INVALID_REQUEST'],
    ['null', 'INVALID_REQUEST'],
    ['5', 'INVALID_REQUEST'],
    ['{"id":1,"method":"ping"}', 'INVALID_REQUEST'],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', 'INVALID_REQUEST'],
    ['{"jsonrpc":"2.0","id":1}', 'INVALID_REQUEST'],
  ])('takes %s for unreadable', (text, code) => {
    expect(readMessage(text)).toEqual({ kind: 'unreadable', code });
  });

  it('knows the number 1 from the text "1"', () => {
    expect(keyOf(1)).not.toBe(keyOf('1'));
  });
});
