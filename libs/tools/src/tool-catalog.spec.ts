import { encode } from 'gpt-tokenizer';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineUtilityTool, type ToolDefinition } from './define.js';
import { TOOLS } from './definitions/index.js';
import { ToolCatalog } from './tool-catalog.js';

type CatalogConfig = Parameters<typeof ToolCatalog.build>[1];

function config(tools: Partial<CatalogConfig['tools']> = {}): CatalogConfig {
  return {
    tools: {
      profile: 'full',
      enabled: [],
      disabled: [],
      simpleTimeoutMs: 240_000,
      workflowTimeoutMs: 600_000,
      expertAnalysis: true,
      ...tools,
    },
    limits: {
      maxBodyBytes: 4_194_304,
      maxPromptChars: 60_000,
      maxCallMs: 1_800_000,
      maxConnections: 5_000,
      sessionMaxInflight: 64,
      socketMessagesPerSecond: 500,
    },
  };
}

function names(tools: Partial<CatalogConfig['tools']>): string[] {
  return ToolCatalog.build(TOOLS, config(tools))
    .list()
    .map((tool) => tool.name);
}

const sample: ToolDefinition = defineUtilityTool({
  name: 'sample',
  title: 'Sample',
  description: 'A tool.',
  tier: 'core',
  annotations: { readOnlyHint: true, openWorldHint: false },
  fields: { count: z.int().optional().describe('How many.') },
  answer: async () => Promise.resolve({ content: '', contentType: 'text' }),
});

const LEAN = [
  ...['analyze', 'call_result', 'chat', 'codereview', 'debug', 'listmodels', 'planner', 'refactor'],
  ...['smart_file_download', 'smart_file_query', 'status', 'testgen', 'thinkdeep', 'version'],
];
const STANDARD = [
  ...LEAN,
  'consensus',
  'docgen',
  'glm_payload_preview',
  'kimi_chat_with_tools',
  'precommit',
  'secaudit',
  'tracer',
].sort();

describe('selection', () => {
  it('lists what the profile holds, sorted, with call_result, listmodels and version in every profile', () => {
    expect(names({ profile: 'lean' })).toEqual([...LEAN].sort());
    expect(names({ profile: 'standard' })).toEqual(STANDARD);
    expect(names({ profile: 'full' })).toEqual(TOOLS.map(({ name }) => name).sort());
  });

  it('lets a list of names replace the profile, and removes last', () => {
    expect(names({ enabled: [' Test_Echo '] })).toEqual([
      'call_result',
      'listmodels',
      'test_echo',
      'version',
    ]);
    expect(names({ enabled: ['chat'], disabled: ['version'] })).toEqual([
      'call_result',
      'chat',
      'listmodels',
    ]);
  });

  it.each([
    ['enabled', 'ENABLED_TOOLS'],
    ['disabled', 'DISABLED_TOOLS'],
  ] as const)('refuses an unknown name in %s, with the nearest one', (list, variable) => {
    const build = () => names({ [list]: ['listmodel'] });
    expect(build).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: expect.objectContaining({
          variable,
          reason: `${variable} names the tool "listmodel", which does not exist. Did you mean "listmodels"?`,
        }) as unknown,
      }) as Error,
    );
  });
});

describe('a faulty definition stops the start', () => {
  it.each([
    ['bad name', { name: 'No Spaces' }, 'its name is not'],
    ['empty description', { description: '  ' }, 'its description is empty'],
    ['long description', { description: 'x'.repeat(1_025) }, 'longer than 1024'],
    ['zero-width character', { description: 'A\u200btool' }, 'invisible characters'],
    ['bidi character in a field', { fields: { a: z.string().describe('\u202e') } }, 'invisible characters'],
    ['schema that JSON cannot express', { fields: { at: z.date() } }, 'do not compile'],
  ])('%s', (_what, change, cause) => {
    const broken = { ...sample, ...change } as ToolDefinition;
    expect(() => ToolCatalog.build([broken], config())).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: expect.objectContaining({ reason: expect.stringContaining(cause) as unknown }) as unknown,
      }) as Error,
    );
  });

  it('duplicate name', () => {
    expect(() => ToolCatalog.build([sample, { ...sample }], config())).toThrowError(
      expect.objectContaining({
        details: { reason: 'The tool "sample" is faulty: its name is used twice.' },
      }) as Error,
    );
  });
});

describe('every tool', () => {
  const catalog = ToolCatalog.build(TOOLS, config());

  it.each(catalog.list().map((tool) => [tool.name, tool] as const))('%s is well described', (_name, tool) => {
    expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(JSON.stringify(tool)).not.toMatch(/\p{Extended_Pictographic}/u);
    expect(JSON.stringify(tool)).not.toContain('9007199254740991');
    const fields = (tool.inputSchema['properties'] ?? {}) as Record<string, { description?: string }>;
    for (const [field, { description }] of Object.entries(fields)) {
      expect(description, field).toBeTruthy();
      expect(description?.split(/\s+/).length, field).toBeLessThanOrEqual(12);
    }
    expect(encode(JSON.stringify(tool)).length).toBeLessThanOrEqual(500);
  });

  it('cannot be changed', () => {
    const schema = catalog.list()[0]?.inputSchema as Record<string, unknown>;
    expect(() => (schema['type'] = 'array')).toThrow(TypeError);
    expect(catalog.find('__proto__')).toBeUndefined();
    expect(catalog.digest).toBe(ToolCatalog.build(TOOLS, config()).digest);
    expect([catalog.size, catalog.expected]).toEqual([TOOLS.length, TOOLS.length]);
  });

  it('is found by a similar name', () => {
    expect(catalog.closest('chatt')).toEqual(['chat']);
    expect(catalog.closest('models')).toEqual(['listmodels']);
    expect(catalog.closest('zzzzzzzzzzzz')).toEqual([]);
  });
});

describe('arguments', () => {
  const catalog = ToolCatalog.build(TOOLS, config());
  const parse = (tool: string, args: unknown) => catalog.find(tool)?.parse(args);

  it('get their defaults; a single string becomes a list; an alias counts as its field', () => {
    expect(parse('chat', { prompt: 'Why?', absolute_file_paths: '/a.ts' })).toEqual({
      ok: true,
      args: { prompt: 'Why?', files: ['/a.ts'], model: 'auto', stream: false, images: [] },
    });
    expect(parse('version', { model: 'anything' })).toEqual({ ok: true, args: {} });
  });

  it('have all their faults named at once, never a value', () => {
    const canary = 'canary-value';
    const result = parse('chat', {
      prompt: '   ',
      temperature: 3,
      thinking_mode: canary,
      stream: canary,
      files: [1],
      'a/b': canary,
      foo: canary,
    });
    expect(JSON.stringify(result)).not.toContain(canary);
    expect(result).toMatchObject({
      ok: false,
      issues: expect.arrayContaining([
        { pointer: '/prompt', expected: 'text that is not blank' },
        { pointer: '/temperature', expected: 'at most 1' },
        { pointer: '/thinking_mode', expected: 'one of minimal, low, medium, high, max' },
        { pointer: '/stream', expected: 'true or false' },
        { pointer: '/files/0', expected: 'a string' },
        { pointer: '/a~1b', expected: expect.stringContaining('accepted: prompt, files, model') as unknown },
        { pointer: '/foo', expected: expect.stringContaining('no such argument') as unknown },
      ]) as unknown,
    });
  });

  it('must be an object', () => {
    for (const args of [null, 'x', 5, []]) {
      expect(parse('chat', args)).toEqual({ ok: false, issues: [{ pointer: '', expected: 'an object' }] });
    }
  });

  it('refuses text far over the prompt limit, and leaves the rest to the engine', () => {
    expect(parse('chat', { prompt: 'x'.repeat(240_000) })).toMatchObject({ ok: true });
    expect(parse('chat', { prompt: 'x'.repeat(240_001) })).toEqual({
      ok: false,
      issues: [{ pointer: '/prompt', expected: 'at most 240000 characters' }],
    });
  });

  it('holds images to a limit of their own, and refuses them in tools that ask no model', () => {
    const image = `data:image/png;base64,${'A'.repeat(1_000_000)}`;
    expect(parse('chat', { prompt: 'x', images: image })).toMatchObject({
      ok: true,
      args: { images: [image] },
    });
    expect(parse('chat', { prompt: 'x', images: ['A'.repeat(28_000_001)] })).toMatchObject({
      ok: false,
      issues: [{ pointer: '/images/0' }],
    });
    expect(parse('chat', { prompt: 'x', images: Array<string>(17).fill(image) })).toMatchObject({
      ok: false,
      issues: [{ pointer: '/images', expected: 'at most 16 items' }],
    });
    expect(parse('chat', { prompt: 'x', images: ['\0'] })).toMatchObject({ ok: false });
    const plan = { step: 'a', step_number: 1, total_steps: 1, next_step_required: false };
    expect(parse('planner', { ...plan, images: [image] })).toMatchObject({ ok: false });
    const { inputSchema } = catalog.find('chat')?.listed ?? {};
    expect(inputSchema?.['properties']).toMatchObject({
      images: {
        type: 'array',
        items: { type: 'string' },
        description: 'Images: absolute paths or data: URLs.',
      },
    });
    expect(JSON.stringify(inputSchema)).not.toContain('ownLimit');
  });

  it.each(['a\0b', 'a\ud800'])('refuses text the ledger cannot hold: %j', (prompt) => {
    expect(parse('chat', { prompt })).toMatchObject({ ok: false, issues: [{ pointer: '/prompt' }] });
  });

  it.each([1e999, 2 ** 63, 1.5, '5', -1])('refuses %s as whole number', (delay_ms) => {
    const result = parse('test_echo', { message: 'x', delay_ms });
    expect(result?.ok === false && result.issues.every(({ pointer }) => pointer === '/delay_ms')).toBe(true);
  });
});
