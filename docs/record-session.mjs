// Plays the calls of a session (docs/examples/<name>.calls.json) through `exai stdio` to a server that it starts, and
// writes what was said to docs/examples/<name>.md. Needs a build: `npm run docs:example`.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const SHOWN_ROOT = '/path/to/this/checkout';
const [name = 'codereview'] = process.argv.slice(2);
const session = JSON.parse(await readFile(join(root, `docs/examples/${name}.calls.json`), 'utf8'));
const dataDir = await mkdtemp(join(tmpdir(), 'exai-example-'));

const client = new Client({ name: 'example-agent', version: '1.0.0' });
const transport = new StdioClientTransport({
  command: process.execPath,
  args: [join(root, 'apps/cli/bin/exai.js'), 'stdio'],
  cwd: root,
  env: {
    PATH: process.env.PATH ?? '',
    EXAI_DATA_DIR: dataDir,
    EXAI_FILE_ROOTS: root,
    PORT: process.env.PORT ?? '18079',
    EXAI_WORKER_PORT: process.env.EXAI_WORKER_PORT ?? '18080',
  },
  stderr: 'ignore',
});

const parts = [`# ${session.title}`, '', session.about, ''];
try {
  await client.connect(transport);
  let continuationId;
  for (const call of session.calls) {
    const args = { ...absolute(call), ...(continuationId && { continuation_id: continuationId }) };
    const startedAt = performance.now();
    const { structuredContent, isError } = await client.callTool({ name: session.tool, arguments: args });
    if (isError) throw new Error(JSON.stringify(structuredContent));
    continuationId = structuredContent.continuation_id;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(2);
    parts.push(
      `## Step ${call.step_number}`,
      '',
      'The agent calls:',
      '',
      block({ tool: session.tool, arguments: args }),
    );
    parts.push('', `The gateway answers after ${seconds} s:`, '', block(structuredContent), '');
  }
} finally {
  await client.close();
  await rm(dataDir, { recursive: true, force: true });
}
parts.push(
  'Recorded by `npm run docs:example` without any key, so what stands in `expert_analysis` is the words of the simulator. With a key it is a review by a model.',
  '',
);
await writeFile(join(root, `docs/examples/${name}.md`), parts.join('\n'));

function absolute(call) {
  const paths = (list) => list.map((path) => join(root, path));
  return {
    ...call,
    ...(call.relevant_files && { relevant_files: paths(call.relevant_files) }),
    ...(call.files_checked && { files_checked: paths(call.files_checked) }),
  };
}

function block(value) {
  return ['```json', JSON.stringify(value, null, 2).replaceAll(root, SHOWN_ROOT), '```'].join('\n');
}
