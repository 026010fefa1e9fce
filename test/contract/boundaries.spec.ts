import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One forbidden import per rule: a rule that never fires protects nothing. */
const FORBIDDEN: Record<string, { file: string; source: string }> = {
  'layer-config': { file: 'libs/config/src/bad.ts', source: `import '#libs/tools';` },
  'layer-tools': { file: 'libs/tools/src/bad.ts', source: `import '#libs/dispatch';` },
  'front-door': { file: 'libs/mcp/src/bad.ts', source: `import '../../tools/src/tool.js';` },
  'libs-below-apps': {
    file: 'libs/health/src/bad.ts',
    source: `import '../../../apps/worker/src/worker.js';`,
  },
  'app-gateway': { file: 'apps/gateway/src/bad.ts', source: `import '../../worker/src/worker.js';` },
  'no-tests-in-product': { file: 'apps/worker/src/bad.ts', source: `import '../../../test/x.js';` },
  'queue-behind-dispatch': { file: 'libs/mcp/src/queue.ts', source: `import 'bullmq';` },
  'protocol-behind-mcp': { file: 'libs/tools/src/sdk.ts', source: `import '@modelcontextprotocol/server';` },
  'vendors-behind-providers': { file: 'libs/tools/src/vendor.ts', source: `import 'openai';` },
  'definitions-are-data': {
    file: 'libs/tools/src/definitions/bad.tool.ts',
    source: `import 'node:fs';`,
  },
  'declared-dependencies': { file: 'libs/errors/src/dev.ts', source: `import 'vitest';` },
  'gateway-runs-no-tool': {
    file: 'apps/gateway/src/runner.ts',
    source: `import '../../../libs/tools/src/tool-runner.js';`,
  },
  'no-cycles': { file: 'libs/auth/src/a.ts', source: `import './b.js';` },
};

const TARGETS: Record<string, string> = {
  'libs/tools/src/index.ts': 'export {};',
  'libs/tools/src/tool.ts': 'export {};',
  'libs/tools/src/tool-runner.ts': 'export {};',
  'libs/dispatch/src/index.ts': 'export {};',
  'apps/worker/src/worker.ts': 'export {};',
  'test/x.ts': 'export {};',
  'libs/auth/src/b.ts': `import './a.js';`,
};

describe('boundary rules', () => {
  const tree = mkdtempSync(join(tmpdir(), 'exai-boundaries-'));
  let violated: string[] = [];

  beforeAll(() => {
    for (const name of [
      '.dependency-cruiser.cjs',
      'tsconfig.json',
      'tsconfig.boundaries.json',
      'package.json',
    ]) {
      cpSync(join(root, name), join(tree, name));
    }
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
    const files = { ...TARGETS };
    for (const { file, source } of Object.values(FORBIDDEN)) files[file] = source;
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), source);
    }
    const output = execFileSync(
      process.execPath,
      [
        join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
        ...['apps', 'libs', 'test', '--config', '.dependency-cruiser.cjs', '-T', 'json'],
      ],
      { cwd: tree, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
    );
    const report = JSON.parse(output) as { summary: { violations: { rule: { name: string } }[] } };
    violated = report.summary.violations.map(({ rule }) => rule.name);
  });

  afterAll(() => rmSync(tree, { recursive: true }));

  it.each(Object.keys(FORBIDDEN))('%s fires', (rule) => {
    expect(violated).toContain(rule);
  });
});
