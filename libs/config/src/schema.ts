// The one list of settings: what is not here is a constant. The documents are generated from it.
import { optional, setting, type Setting } from './setting.js';
import { PROVIDER_SETTINGS, ROUTE_SETTINGS } from './provider-schema.js';
import {
  address,
  amount,
  choice,
  flag,
  hostName,
  integer,
  languageTag,
  list,
  lowerCaseName,
  origin,
  text,
  url,
} from './value-kinds.js';

const port = integer(1, 65_535);
const seconds = (max: number) => integer(1, max, 'seconds');
const httpUrl = url('http or https URL', ['https:', 'http:']);

export const SETTINGS = {
  environment: setting(
    'NODE_ENV',
    'server.environment',
    choice(['development', 'production', 'test']),
    'development',
    { doc: 'production turns insecure defaults into refusals to start' },
  ),
  host: setting('HOST', 'server.host', address, '127.0.0.1', { doc: 'bind address of gateway and worker' }),
  port: setting('PORT', 'server.port', port, 8079, { doc: "the gateway's one port" }),
  workerPort: setting('EXAI_WORKER_PORT', 'server.workerPort', port, 8080, {
    doc: "the worker's /health and /metrics",
  }),
  publicUrl: optional('EXAI_PUBLIC_URL', 'server.publicUrl', httpUrl, {
    doc: 'address under which clients reach the gateway: links, resource URI, allowed host',
    defaultText: 'http://<HOST>:<PORT>',
    required: 'off loopback',
  }),
  allowedHosts: setting('EXAI_ALLOWED_HOSTS', 'server.allowedHosts', list('host names', hostName), [], {
    doc: 'names accepted in the Host header besides the loopback names and the public host',
  }),
  allowedOrigins: setting('EXAI_ALLOWED_ORIGINS', 'server.allowedOrigins', list('origins', origin), [], {
    doc: 'browser origins that may connect besides the own address, exact: scheme://host[:port]',
  }),
  dataDir: setting('EXAI_DATA_DIR', 'server.dataDir', text, './.exai', {
    doc: 'embedded database, generated secrets, local token',
  }),
  drainTimeout: setting(
    'EXAI_DRAIN_TIMEOUT_SECS',
    'server.drainTimeoutMs',
    integer(0, 3_600, 'seconds'),
    25,
    {
      doc: 'time running calls get after SIGTERM',
    },
  ),

  jwtSecret: optional('JWT_SECRET_KEY', 'auth.jwtSecret', text, {
    doc: 'signs access tokens (HS256): at least 32 bytes, for example from `openssl rand -base64 48`',
    defaultText: 'generated into the data directory',
    required: 'in production, off loopback',
    secret: true,
  }),
  serverSecret: optional('EXAI_SERVER_SECRET', 'auth.serverSecret', text, {
    doc: 'seals what clients carry from one request to the next, the same at every gateway: at least 32 bytes',
    defaultText: 'generated into the data directory',
    required: 'in production, off loopback',
    secret: true,
  }),
  issuer: setting('EXAI_JWT_ISSUER', 'auth.issuer', text, 'exai', { doc: 'exact `iss` of access tokens' }),
  audience: optional('EXAI_JWT_AUDIENCE', 'auth.audience', text, {
    doc: 'accepted `aud` of access tokens',
    defaultText: '<EXAI_PUBLIC_URL>/mcp',
    required: 'off loopback',
  }),
  auth: setting('EXAI_AUTH', 'auth.enabled', choice(['on', 'off']), 'on', {
    doc: 'off only on loopback outside production',
  }),

  databaseUrl: optional(
    'DATABASE_URL',
    'database.url',
    url('postgres URL', ['postgres:', 'postgresql:'], { credentials: true, query: true }),
    {
      doc: 'PostgreSQL that holds the ledger and all tables',
      defaultText: 'PostgreSQL started by the program',
      required: 'in production',
      secret: true,
    },
  ),
  databasePool: setting('EXAI_DATABASE_POOL', 'database.poolSize', integer(1, 20), 5, {
    doc: 'connections per process, the queue not counted',
  }),

  redisUrl: optional(
    'REDIS_URL',
    'queue.redisUrl',
    url('redis or rediss URL', ['redis:', 'rediss:'], { credentials: true, query: true }),
    { doc: 'queue on Redis', defaultText: 'queue in the same PostgreSQL', secret: true },
  ),
  workerConcurrency: setting('EXAI_WORKER_CONCURRENCY', 'queue.workerConcurrency', integer(1, 1_000), 64, {
    doc: 'calls running per worker',
  }),
  maxWaiting: setting('EXAI_QUEUE_MAX_WAITING', 'queue.maxWaiting', integer(1, 1_000_000), 10_000, {
    doc: 'queued calls before new ones are refused with QUEUE_FULL',
  }),
  attempts: setting('EXAI_RETRY_ATTEMPTS', 'queue.attempts', integer(1, 10), 3, {
    doc: 'attempts per call; with model auto also the number of candidates tried',
  }),
  resultTtl: setting('EXAI_CALL_RESULT_TTL_HOURS', 'queue.resultTtlMs', integer(1, 168, 'hours'), 24, {
    doc: 'how long answers and idempotency keys are kept',
  }),

  simulator: setting('EXAI_SIMULATOR', 'providers.simulator', choice(['auto', 'on', 'off']), 'auto', {
    doc: 'provider `simulator`; auto: while no provider has a key; never in production',
  }),
  simulatorPort: setting('EXAI_SIMULATOR_PORT', 'providers.simulatorPort', port, 8078, {
    doc: 'port of `npm run simulator`',
  }),
  simulatorBaseUrl: optional('SIMULATOR_BASE_URL', 'providers.settings', httpUrl, {
    doc: 'where the provider `simulator` listens',
    defaultText: 'http://127.0.0.1:<EXAI_SIMULATOR_PORT>/v1',
  }),
  defaultModel: setting('EXAI_DEFAULT_MODEL', 'providers.defaultModel', text, 'auto', {
    doc: 'model id, or auto, when a call names none',
  }),
  providersFile: optional('EXAI_PROVIDERS_FILE', 'providers.file', text, {
    doc: 'JSON or YAML file with more providers and endpoints; read again when it changes',
  }),
  catalogFile: optional('EXAI_MODEL_CATALOG_FILE', 'providers.catalogFile', text, {
    doc: 'JSON or YAML file that changes models field by field and adds models; read again when it changes',
    defaultText: 'bundled models only',
  }),
  discovery: setting('EXAI_MODEL_DISCOVERY', 'providers.discovery', flag, false, {
    doc: 'ask every ready provider for its list of models, and add the unknown ones',
  }),
  maxCostPerCall: optional('EXAI_MAX_COST_PER_CALL_USD', 'providers.maxCostPerCallUsd', amount('USD'), {
    doc: 'automatic routing takes no model whose estimate for the call is higher',
  }),
  dailyBudget: optional('EXAI_DAILY_BUDGET_USD', 'providers.dailyBudgetUsd', amount('USD'), {
    doc: 'all calls of one day (UTC) may cost this much; further ones are refused',
  }),
  outboundProxy: optional(
    'EXAI_OUTBOUND_PROXY',
    'providers.outboundProxy',
    url('http or https URL', ['https:', 'http:'], { credentials: true }),
    {
      doc: 'the only proxy that requests to providers take; HTTPS_PROXY and the like are ignored',
      secret: true,
    },
  ),

  profile: setting('TOOL_PROFILE', 'tools.profile', choice(['lean', 'standard', 'full']), 'standard', {
    doc: 'which set of tools clients see',
  }),
  enabledTools: setting('ENABLED_TOOLS', 'tools.enabled', list('tool names', lowerCaseName), [], {
    doc: 'replaces the profile',
  }),
  disabledTools: setting('DISABLED_TOOLS', 'tools.disabled', list('tool names', lowerCaseName), [], {
    doc: 'removed last',
  }),
  simpleTimeout: setting('EXAI_SIMPLE_TOOL_TIMEOUT_SECS', 'tools.simpleTimeoutMs', seconds(1_800), 240, {
    doc: 'deadline of simple tools',
  }),
  workflowTimeout: setting(
    'EXAI_WORKFLOW_TOOL_TIMEOUT_SECS',
    'tools.workflowTimeoutMs',
    seconds(1_800),
    600,
    {
      doc: 'deadline of workflow tools',
    },
  ),
  locale: optional('EXAI_LOCALE', 'tools.locale', languageTag, {
    doc: 'language of answers; models answer in the language of the question without it',
  }),
  expertAnalysis: setting('EXAI_EXPERT_ANALYSIS', 'tools.expertAnalysis', flag, true, {
    doc: 'workflow tools ask a model at their end when the caller does not say',
  }),
  clinkFile: optional('EXAI_CLINK_FILE', 'tools.clinkFile', text, {
    doc: 'JSON or YAML file with the agent programs that the tool clink may run; refused off loopback',
    defaultText: 'none: clink is off',
  }),

  maxBody: setting('EXAI_MAX_BODY_MIB', 'limits.maxBodyBytes', integer(1, 32, 'MiB'), 4, {
    doc: 'HTTP body and WebSocket message',
  }),
  maxPromptChars: setting('EXAI_MAX_PROMPT_CHARS', 'limits.maxPromptChars', integer(1, 10_000_000), 60_000, {
    doc: 'characters of each long text field',
  }),
  maxCall: setting('EXAI_MAX_CALL_SECS', 'limits.maxCallMs', seconds(1_800), 1_800, {
    doc: 'longest deadline a caller may ask for',
  }),
  maxConnections: setting('EXAI_MAX_CONNECTIONS', 'limits.maxConnections', integer(1, 1_000_000), 5_000, {
    doc: 'open connections',
  }),
  sessionMaxInflight: setting(
    'EXAI_SESSION_MAX_INFLIGHT',
    'limits.sessionMaxInflight',
    integer(1, 10_000),
    64,
    { doc: 'running calls per session; four times as many may wait' },
  ),
  socketMessages: setting(
    'EXAI_WS_MESSAGES_PER_SECOND',
    'limits.socketMessagesPerSecond',
    integer(0, 1_000_000),
    500,
    { doc: 'messages per second on one WebSocket; 0 = unlimited' },
  ),

  fileRoots: optional('EXAI_FILE_ROOTS', 'files.roots', list('absolute directories'), {
    doc: 'where tools may read; never / or the home directory',
    defaultText: 'start directory on loopback, else none',
  }),
  downloadDir: optional('EXAI_DOWNLOAD_DIR', 'files.downloadDir', text, {
    doc: 'the only directory a tool writes to: downloads; never / or the home directory',
    defaultText: '<EXAI_DATA_DIR>/downloads',
  }),

  conversationTtl: setting(
    'EXAI_CONVERSATION_TTL_HOURS',
    'conversations.ttlMs',
    integer(1, 8_760, 'hours'),
    24,
    { doc: 'life of a conversation after its last turn' },
  ),
  conversationTurns: setting('EXAI_CONVERSATION_MAX_TURNS', 'conversations.maxTurns', integer(1, 1_000), 50, {
    doc: 'turns of one conversation',
  }),

  logLevel: setting(
    'LOG_LEVEL',
    'observability.logLevel',
    choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    'info',
    { doc: 'least severe line that is written' },
  ),
  logFormat: optional('EXAI_LOG_FORMAT', 'observability.logFormat', choice(['pretty', 'json']), {
    doc: 'form of log lines on stderr',
    defaultText: 'pretty on a terminal, else json',
  }),

  clientUrl: optional('EXAI_URL', 'client.url', url('URL', ['https:', 'http:', 'wss:', 'ws:']), {
    doc: 'gateway that the stdio shim and the command line use',
    defaultText: 'the local gateway',
  }),
  clientToken: optional('EXAI_TOKEN', 'client.token', text, {
    doc: 'access token of the stdio shim and the command line',
    defaultText: 'the token file in the data directory',
    secret: true,
  }),
  clientDeadline: optional('EXAI_CLIENT_DEADLINE_MS', 'client.deadlineMs', integer(1_000, 86_400_000, 'ms'), {
    doc: 'how long the client of the stdio shim waits for a call; one that lasts longer is answered before that with its call id, and runs on',
    defaultText: "by the client's name",
  }),
  shimFiles: setting('EXAI_SHIM_FILES', 'client.files', choice(['auto', 'client', 'gateway']), 'auto', {
    doc: 'who reads the files that calls through the stdio shim name; auto: the gateway if it is on loopback, else the shim',
  }),
};

const SECTION_ORDER = [
  'server',
  'auth',
  'database',
  'queue',
  'providers',
  'tools',
  'limits',
  'files',
  'conversations',
  'observability',
  'client',
];

/** Every setting in the order of the documents. */
export const ALL_SETTINGS: readonly Setting<unknown>[] = [
  ...PROVIDER_SETTINGS.flatMap(({ id: _id, ...settings }) => Object.values<Setting<unknown>>(settings)),
  ...ROUTE_SETTINGS.map(({ setting: item }) => item),
  ...Object.values<Setting<unknown>>(SETTINGS),
].sort((a, b) => SECTION_ORDER.indexOf(a.section) - SECTION_ORDER.indexOf(b.section));
