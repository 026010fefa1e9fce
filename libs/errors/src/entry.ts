import { type ExitCode } from './exit-codes.js';

export type ErrorCategory =
  | 'client'
  | 'security'
  | 'overload'
  | 'timeout'
  | 'cancelled'
  | 'provider'
  | 'dependency'
  | 'configuration'
  | 'internal';

/**
 * `queue`: same call again after backoff. `elsewhere`: only when `auto` has another candidate, else final.
 * `caller`: final here, may be tried later. `never`: final.
 */
export type RetryClass = 'queue' | 'elsewhere' | 'caller' | 'never';

export type Severity = 'info' | 'warning' | 'critical';

export interface ErrorIssue {
  /** JSON pointer to the offending value; the empty string is the whole document. */
  readonly pointer: string;
  readonly expected: string;
}

/** What is known about one failure. Only some of it leaves the process: see `toEnvelope`. */
export interface ErrorDetails {
  readonly provider?: string;
  readonly model?: string;
  readonly retryAfterMs?: number;
  readonly upstreamStatus?: number;
  readonly upstreamRequestId?: string;
  readonly attempts?: number;
  readonly reason?: string;
  readonly suggestions?: readonly string[];
  readonly issues?: readonly ErrorIssue[];
  readonly [key: string]: unknown;
}

export interface CatalogueRow {
  readonly category: ErrorCategory;
  readonly retry: RetryClass;
  /** Attempts after which a `queue` code is final although the call has attempts left. */
  readonly attemptsCap?: number;
  readonly severity: Severity;
  /** When a rule raises the severity, in words. */
  readonly escalation?: string;
  readonly http: number;
  /** A number = refused before acceptance as JSON-RPC error; `tool` = result with `isError`; `none` = never sent over MCP. */
  readonly jsonrpc: number | 'tool' | 'none';
  /** The number holds before acceptance only; afterwards it is a tool error. */
  readonly toolErrorToo?: true;
  /** Close code, where the socket ends. */
  readonly wsClose?: number;
  /** Exit code of a process that ends with this error; absent = 1. */
  readonly exit?: ExitCode;
  message(details: ErrorDetails): string;
  hint(details: ErrorDetails): string;
}

export interface CatalogueEntry extends CatalogueRow {
  /** Repository path and anchor. */
  readonly docs: string;
}
