export type Environment = 'development' | 'production' | 'test';
export type SimulatorMode = 'auto' | 'on' | 'off';
export type ToolProfile = 'lean' | 'standard' | 'full';
export type ShimFiles = 'auto' | 'client' | 'gateway';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFormat = 'pretty' | 'json';

/** Where the gateway and the worker listen. `publicUrl` has no trailing slash; host names are lower case without port. */
export interface ServerConfig {
  readonly environment: Environment;
  readonly host: string;
  readonly port: number;
  readonly workerPort: number;
  readonly publicUrl: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Absolute path. */
  readonly dataDir: string;
  readonly drainTimeoutMs: number;
}

/** Without `jwtSecret` or `serverSecret` the secret is one kept in the data directory (see `openSecret`). */
export interface AuthConfig {
  readonly enabled: boolean;
  readonly jwtSecret?: string;
  /** Seals state that clients carry from one request to the next; the same at every gateway. */
  readonly serverSecret?: string;
  readonly issuer: string;
  readonly audience: string;
}

/** Without `url` the program starts its own PostgreSQL. */
export interface DatabaseConfig {
  readonly url?: string;
  readonly poolSize: number;
}

/** Without `redisUrl` the queue lives in the same PostgreSQL. */
export interface QueueConfig {
  readonly redisUrl?: string;
  readonly workerConcurrency: number;
  readonly maxWaiting: number;
  readonly attempts: number;
  readonly resultTtlMs: number;
}

/** One provider's settings; without `apiKey` it is `no_key`, without `baseUrl` the catalogue's address is used. */
export interface ProviderSettings {
  readonly apiKey?: string;
  readonly baseUrl?: string;
  /** Empty = all; otherwise ids or aliases in order of preference. */
  readonly allowedModels: readonly string[];
  readonly timeoutMs: number;
  readonly maxInflight: number;
}

export interface ProvidersConfig {
  /** Keyed by lower-case provider id, `simulator` included. */
  readonly settings: Readonly<Record<string, ProviderSettings>>;
  /** In production always `off`. */
  readonly simulator: SimulatorMode;
  readonly simulatorPort: number;
  /** A model id or `auto`. */
  readonly defaultModel: string;
  /** Absolute path of the file that adds providers. */
  readonly file?: string;
  /** Absolute path of the file that changes and adds models. */
  readonly catalogFile?: string;
  /** Ask every ready provider which models it has. */
  readonly discovery: boolean;
  /** By routing category the operator's candidates, best first; ids, aliases or `provider/model`. */
  readonly routes: Readonly<Record<string, readonly string[]>>;
  readonly maxCostPerCallUsd?: number;
  readonly dailyBudgetUsd?: number;
  /** The only proxy that requests to providers may take. */
  readonly outboundProxy?: string;
}

/** Tool names are lower case; a non-empty `enabled` replaces the profile, `disabled` is removed last. */
export interface ToolsConfig {
  readonly profile: ToolProfile;
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
  readonly simpleTimeoutMs: number;
  readonly workflowTimeoutMs: number;
  /** What `use_assistant_model` is when a call does not say. */
  readonly expertAnalysis: boolean;
  /** Absolute path of the file that names the agent programs; absent = no `clink`. */
  readonly clinkFile?: string;
  /** Language of answers, as a canonical BCP 47 tag; absent = that of the question. */
  readonly locale?: string;
}

export interface LimitsConfig {
  readonly maxBodyBytes: number;
  readonly maxPromptChars: number;
  readonly maxCallMs: number;
  readonly maxConnections: number;
  readonly sessionMaxInflight: number;
  /** On one WebSocket; 0 = unlimited. */
  readonly socketMessagesPerSecond: number;
}

/** Absolute directories tools may read; empty = no file access. */
export interface FilesConfig {
  readonly roots: readonly string[];
  /** Absolute path of the only directory a tool writes to. */
  readonly downloadDir: string;
}

export interface ConversationsConfig {
  readonly ttlMs: number;
  readonly maxTurns: number;
}

export interface ObservabilityConfig {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Read by the stdio shim and the command line only. */
export interface ClientConfig {
  readonly url?: string;
  readonly token?: string;
  /** The limit of the shim's client for one call, when it is known. */
  readonly deadlineMs?: number;
  /** Who reads the files that calls name. */
  readonly files: ShimFiles;
}

/** The deeply frozen result of `loadConfig`. Durations are milliseconds, sizes are bytes. */
export interface Config {
  readonly server: ServerConfig;
  readonly auth: AuthConfig;
  readonly database: DatabaseConfig;
  readonly queue: QueueConfig;
  readonly providers: ProvidersConfig;
  readonly tools: ToolsConfig;
  readonly limits: LimitsConfig;
  readonly files: FilesConfig;
  readonly conversations: ConversationsConfig;
  readonly observability: ObservabilityConfig;
  readonly client: ClientConfig;
  /** Every loaded secret value, for redaction in logs. */
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}
