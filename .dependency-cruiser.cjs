/** Which lib may import which; anything absent is forbidden. The table of ARCHITECTURE.md, as rules. */
const LAYERS = {
  config: [],
  observability: ['config'],
  errors: ['config', 'observability'],
  persistence: ['config', 'observability', 'errors'],
  conversations: ['config', 'observability', 'errors'],
  providers: ['config', 'observability', 'errors'],
  'file-access': ['config', 'observability', 'errors'],
  auth: ['config', 'observability', 'errors'],
  'stored-files': ['config', 'observability', 'errors'],
  tools: ['config', 'observability', 'errors', 'providers', 'conversations', 'file-access', 'stored-files'],
  dispatch: ['config', 'observability', 'errors', 'auth', 'tools'],
  mcp: ['config', 'observability', 'errors', 'auth', 'tools', 'dispatch', 'file-access'],
  health: ['config', 'observability', 'errors', 'persistence', 'providers', 'tools', 'dispatch'],
};

/** Apps are composition roots; these are the only edges between them. */
const APP_EDGES = { standalone: ['gateway', 'worker', 'simulator'], cli: ['standalone', 'stdio'] };
const APPS = ['gateway', 'worker', 'standalone', 'stdio', 'simulator', 'cli'];

/** The program's own parts, tests left out: a spec may look where the product may not. */
const code = (path) => ({ path, pathNot: '\\.(spec|e2e-spec)\\.ts$' });

const layerRules = Object.entries(LAYERS).map(([lib, allowed]) => ({
  name: `layer-${lib}`,
  comment: `libs/${lib} may import: ${allowed.join(', ') || 'no other lib'}.`,
  severity: 'error',
  from: code(`^libs/${lib}/`),
  to: { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
}));

const appRules = APPS.map((app) => ({
  name: `app-${app}`,
  comment: 'No app imports another, except the composition roots.',
  severity: 'error',
  from: code(`^apps/${app}/`),
  to: { path: '^apps/', pathNot: `^apps/(${[app, ...(APP_EDGES[app] ?? [])].join('|')})/` },
}));

const onlyIn = (name, packages, places) => ({
  name,
  comment: `Only ${places} may import ${packages}.`,
  severity: 'error',
  from: { path: '^(apps|libs)/', pathNot: `(^(${places})/)|(\\.(spec|e2e-spec)\\.ts$)` },
  to: { path: `node_modules/(${packages})` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'front-door',
      comment: 'A lib is entered through its src/index.ts.',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/', pathNot: '\\.(spec|e2e-spec)\\.ts$' },
      to: { path: '^libs/([^/]+)/src/', pathNot: ['^libs/$2/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '\\.(spec|e2e-spec)\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'libs-below-apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'declared-dependencies',
      comment: 'What the product imports stands in `dependencies`: a clean install has nothing else.',
      severity: 'error',
      from: code('^(apps|libs)/'),
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'gateway-runs-no-tool',
      comment: 'Tools run in the worker; the gateway knows the catalogue and the dispatcher.',
      severity: 'error',
      from: { path: '^apps/gateway/' },
      to: {
        path: '^libs/(tools/src/(tool-runner|simple/simple-engine|direct/direct-engine)|providers/src/clients)',
      },
    },
    {
      name: 'definitions-are-data',
      comment: 'A tool definition imports define, fields, prompt rules and zod: no framework, no I/O.',
      severity: 'error',
      from: { path: '^libs/tools/src/definitions/[^/]+\\.tool\\.ts$' },
      to: { pathNot: '^(libs/tools/src/(define|fields|prompt-rules)\\.ts|node_modules/zod/)' },
    },
    {
      name: 'descriptors-are-data',
      severity: 'error',
      from: { path: '^libs/providers/src/descriptors/[^/]+\\.provider\\.ts$' },
      to: { pathNot: '^libs/(providers/src/(define|catalogue/model-card)|errors/src/index)\\.ts' },
    },
    onlyIn('queue-behind-dispatch', '(bullmq|@nestjs/bullmq)/', 'libs/dispatch'),
    onlyIn('protocol-behind-mcp', '@modelcontextprotocol/', 'libs/mcp|apps/stdio|apps/cli'),
    onlyIn('vendors-behind-providers', '(openai|@anthropic-ai|cockatiel|undici)/', 'libs/providers'),
    ...layerRules,
    ...appRules,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.boundaries.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
