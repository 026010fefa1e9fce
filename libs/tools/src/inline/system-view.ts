import { type FunctionTool, type PayloadPreview, type ThinkingMode, type ToolChoice } from '#libs/providers';
import { type CallerRecords } from './caller-records.js';

/** What the system knows about itself, as inline tools report it. Fields are named as a client receives them. */

export interface VersionReport {
  readonly name: string;
  readonly version: string;
  readonly commit?: string;
  readonly built_at?: string;
  readonly node_version: string;
  readonly platform: string;
  /** MCP revisions, newest first. */
  readonly protocol_versions: readonly string[];
  readonly client: { readonly name: string; readonly version: string };
  readonly uptime_seconds: number;
  readonly providers_configured: readonly string[];
  readonly model_count: number;
  readonly tool_count: number;
  readonly tool_profile: string;
  /** For example `postgresql (embedded)`. */
  readonly storage_driver: string;
  /** For example `bullmq on postgresql`. */
  readonly queue_driver: string;
  readonly schema_version?: string;
}

export interface ModelsFilter {
  /** Provider id, lower case. */
  readonly provider?: string;
  readonly includeRetired: boolean;
  /** Also providers without a key that few people use. */
  readonly everyProvider?: boolean;
  /** Ids or aliases the caller's token permits; absent = all. */
  readonly permitted?: readonly string[];
}

export type ProviderState = 'ready' | 'no_key' | 'disabled';

export interface ProviderReport {
  readonly id: string;
  readonly title: string;
  readonly state: ProviderState;
  /** The variable to set, while the key is missing. */
  readonly key_variable?: string;
  /** Absent = not known: nothing was asked yet. */
  readonly reachable?: boolean;
  readonly health?: ProviderHealth;
  readonly model_count: number;
}

export interface ModelReport {
  readonly id: string;
  readonly provider: string;
  readonly aliases: readonly string[];
  readonly context_window: number;
  readonly max_output_tokens: number;
  readonly images: boolean;
  readonly tools: boolean;
  readonly web_search: boolean;
  readonly reasoning: boolean;
  /** USD per million tokens; absent = not known. */
  readonly price?: { readonly input: number; readonly cached_input?: number; readonly output: number };
  readonly tier?: string;
  readonly status: 'active' | 'preview' | 'deprecated' | 'retired';
  /** Not described by us: the vendor lists it. */
  readonly discovered?: true;
  readonly replaced_by?: string;
  /** Absent = closed, as it should be. */
  readonly circuit?: CircuitReport;
  /** A call that names it now would be accepted. */
  readonly usable: boolean;
  /** Why it is not usable, or what restricts it. */
  readonly note?: string;
}

/** Why requests to a model are held back. */
export interface CircuitReport {
  readonly state: 'open' | 'half_open';
  /** Code of the failure that opened it. */
  readonly cause?: string;
}

/** Counts in `summary` are those of the registry, not of the filtered lists. */
export interface ModelsReport {
  readonly providers: readonly ProviderReport[];
  readonly models: readonly ModelReport[];
  /** Variables that would make further providers ready. */
  readonly also_available?: readonly string[];
  readonly summary: {
    readonly providers_total: number;
    readonly providers_ready: number;
    readonly models_total: number;
    readonly models_usable: number;
  };
}

export interface StatusOptions {
  readonly includeTools: boolean;
  readonly doctor: boolean;
  /** How many recent errors to list. */
  readonly maxErrors: number;
}

export interface ProviderHealth {
  readonly state: 'closed' | 'open' | 'half_open';
  /** Code of the failure that keeps it from being asked. */
  readonly cause?: string;
  /** The latest failure, in words. */
  readonly last_error?: string;
  /** 0 to 1; absent = no calls in the last five minutes, or not measured. */
  readonly success_rate_5m?: number;
  readonly p95_ms?: number;
  /** ISO 8601; when an open circuit lets the next request through. */
  readonly retry_at?: string;
}

export interface RecentError {
  /** ISO 8601. */
  readonly at: string;
  readonly code: string;
  readonly correlation_id: string;
  readonly tool?: string;
}

export interface QueueReport {
  readonly driver: string;
  readonly ok: boolean;
  readonly waiting?: number;
  readonly running?: number;
  readonly delayed?: number;
}

export interface DoctorCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly duration_ms?: number;
}

export interface StatusReport {
  readonly providers_configured: readonly string[];
  readonly providers_health: Readonly<Record<string, ProviderHealth>>;
  readonly models_available: { readonly count: number; readonly ids: readonly string[] };
  readonly tools_loaded?: readonly string[];
  /** Newest first. */
  readonly last_errors: readonly RecentError[];
  readonly queues: Readonly<Record<string, QueueReport>>;
  readonly storage: { readonly driver: string; readonly ok: boolean };
  /** Sentences, the most useful first; empty = nothing to do. */
  readonly next_steps: readonly string[];
  readonly checks?: readonly DoctorCheck[];
}

/** What is set up, never the value of a secret. */
export interface CapabilitiesReport {
  readonly providers: readonly {
    readonly id: string;
    readonly title: string;
    readonly state: ProviderState;
    readonly key: 'present' | 'missing' | 'not needed';
    /** The variable that decides about `state`. */
    readonly variable: string;
    /** Host and port that requests go to. */
    readonly endpoint?: string;
    /** A file store of its own. */
    readonly files: boolean;
    readonly model_count: number;
  }[];
  readonly tool_profile: string;
  readonly tools: readonly string[];
}

/** One question to a model of one provider, to be shown and not sent. */
export interface PayloadWish {
  readonly provider: string;
  /** Id or alias; default: the operator's first choice at this provider, else its first model. */
  readonly model?: string;
  readonly prompt: string;
  readonly systemPrompt?: string;
  readonly temperature?: number;
  readonly thinkingMode?: ThinkingMode;
  readonly webSearch: boolean;
  readonly tools: readonly FunctionTool[];
  readonly toolChoice?: ToolChoice;
  readonly maxOutputTokens?: number;
}

export interface PayloadReport extends PayloadPreview {
  readonly provider: string;
  /** Id in the catalogue; the body may name it as the vendor does. */
  readonly model: string;
}

/** Port to the running system. Must answer when queue, database and providers are down, all but `records`. */
export abstract class SystemView {
  abstract readonly records: CallerRecords;
  abstract version(client: { readonly name: string; readonly version: string }): Promise<VersionReport>;
  /** @throws ExaiError INVALID_ARGUMENT for a provider id that does not exist, naming those that do. */
  abstract models(filter: ModelsFilter): Promise<ModelsReport>;
  abstract status(options: StatusOptions): Promise<StatusReport>;
  /** @param everyProvider also those without a key that few people use */
  abstract capabilities(everyProvider: boolean): Promise<CapabilitiesReport>;
  /**
   * The request that the provider's own client would send, without any secret; nothing is sent, no key is needed.
   * @throws ExaiError INVALID_ARGUMENT for a model of another provider, MODEL_NOT_FOUND, MODEL_CAPABILITY
   */
  abstract payload(wish: PayloadWish): Promise<PayloadReport>;
}
