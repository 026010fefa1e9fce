import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type McpClient, type ToolResult } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { startStandalone, type Standalone } from '../harness/standalone.js';

/** Without a provider that keeps files, as right after the installation, the tool still reads text. */
const root = temporaryDirectory();
let server: Standalone;
let client: McpClient;

beforeAll(async () => {
  server = await startStandalone({ env: { EXAI_FILE_ROOTS: root } });
  client = await connect('v2-default', 'websocket', server);
});

afterAll(async () => {
  await client.close();
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

function ask(name: string, content: string | Uint8Array, args: Record<string, unknown> = {}) {
  const file_path = join(root, name);
  writeFileSync(file_path, content);
  return client.callTool('smart_file_query', { file_path, question: '[[sim: echo]] What is it?', ...args });
}

const errorOf = ({ structuredContent }: ToolResult) => structuredContent?.['error'];

it('a text file goes along with the question', async () => {
  const { structuredContent } = await ask('notes.md', '# Notes\r\nRemember the milk.\r\n');
  expect(structuredContent?.['content']).toContain('# Notes\nRemember the milk.');
  expect(structuredContent).toMatchObject({
    metadata: { embedded: true, deduplicated: false, provider_used: 'simulator', size_bytes: 29 },
  });
});

it('other files are refused with the key that would help', async () => {
  const binary = errorOf(await ask('scan.pdf', Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 1, 2])));
  expect(binary).toMatchObject({ code: 'FILE_BINARY' });
  expect(JSON.stringify(binary)).toContain('KIMI_API_KEY');
  const large = errorOf(await ask('large.txt', 'x'.repeat(1_048_577)));
  expect(large).toMatchObject({ code: 'FILE_TOO_LARGE' });
  expect(JSON.stringify(large)).toContain('KIMI_API_KEY');
  const named = errorOf(await ask('named.txt', 'text', { provider: 'kimi' }));
  expect(named).toMatchObject({ code: 'PROVIDER_NOT_CONFIGURED' });
  expect(JSON.stringify(named)).toContain('KIMI_API_KEY');
});

it('a text that no model takes is told from one that does', async () => {
  const { structuredContent } = await ask('long.txt', 'word '.repeat(200_000));
  expect(structuredContent).toMatchObject({ status: 'code_too_large' });
});
