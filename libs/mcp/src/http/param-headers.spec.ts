import { loadConfig } from '#libs/config';
import { ToolCatalog, type UtilityTool } from '#libs/tools';
import { describe, expect, it } from 'vitest';
import { ParamHeaders } from './param-headers.js';

const tool: UtilityTool = {
  kind: 'utility',
  name: 'routed',
  title: 'Routed',
  description: 'Is routed by its arguments.',
  tier: 'core',
  alwaysListed: true,
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: {},
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      place: { type: 'object', properties: { floor: { type: 'integer', 'x-mcp-header': 'Floor' } } },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' },
      plain: { type: 'string' },
    },
  },
  answer: () => Promise.resolve({ content: '', contentType: 'text' }),
};

const headers = new ParamHeaders(ToolCatalog.build([tool], loadConfig({})));
const call = (args: object) => ({ method: 'tools/call', params: { name: 'routed', arguments: args } });
const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('headers that repeat arguments', () => {
  it.each([
    [{ region: 'eu' }, { 'mcp-param-region': 'eu' }],
    [{ region: 'Zürich' }, { 'mcp-param-region': base64('Zürich') }],
    [{ place: { floor: 42 } }, { 'mcp-param-floor': '42' }],
    [{ place: { floor: 42 } }, { 'mcp-param-floor': '42.0' }],
    [{ dry: false }, { 'mcp-param-dry-run': 'false' }],
    [{ plain: 'x' }, {}],
    [{ region: null }, { 'mcp-param-region': 'eu' }],
    [{}, { 'mcp-param-region': 'eu' }],
  ])('%o is what %o says', (args, sent) => {
    expect(() => headers.check(call(args), sent)).not.toThrow();
  });

  it.each([
    [{ region: 'eu' }, {}],
    [{ region: 'eu' }, { 'mcp-param-region': 'us' }],
    [{ region: 'eu' }, { 'mcp-param-region': 'EU' }],
    [{ region: 'eu' }, { 'mcp-param-region': '=?base64?ZX!1?=' }],
    [{ region: 'eu' }, { 'mcp-param-region': '=?base64?/w==?=' }],
    [{ place: { floor: 42 } }, { 'mcp-param-floor': '43' }],
    [{ place: { floor: 42 } }, { 'mcp-param-floor': '0x2a' }],
    [{ dry: true }, { 'mcp-param-dry-run': '1' }],
  ])('%o is not what %o says', (args, sent) => {
    expect(() => headers.check(call(args), sent)).toThrow(
      expect.objectContaining({ code: 'HEADER_MISMATCH' }),
    );
  });

  it('are looked at for calls of such a tool only', () => {
    expect(() => headers.check({ ...call({ region: 'eu' }), method: 'tools/list' }, {})).not.toThrow();
    expect(() =>
      headers.check({ method: 'tools/call', params: { name: 'other', arguments: { region: 'eu' } } }, {}),
    ).not.toThrow();
    for (const body of [undefined, null, 'text', [], { method: 'tools/call' }]) {
      expect(() => headers.check(body, {})).not.toThrow();
    }
  });
});
