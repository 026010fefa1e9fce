import { type ErrorEnvelope } from '#libs/errors';
import {
  type CallPrincipal,
  type FailedCandidate,
  type InputKind,
  type InputResponses,
  type ToolCall,
  type ToolOutcome,
  type ToolPayload,
} from '#libs/tools';
import { type CallReport, type FinishedCall, type StartedAttempt, type TerminalState } from './call-state.js';
import { pendingRequests } from './pending-requests.js';

/** A call that was answered without the queue. */
export interface EndedCall {
  readonly call: ToolCall;
  readonly outcome: ToolOutcome;
  /** False: the row goes without the answer. */
  readonly keepsAnswer: boolean;
}

/** The columns that identify a call, one array per column as `unnest` takes them. */
export function identityColumns(calls: readonly ToolCall[]): (string | null)[][] {
  return [
    calls.map((call) => call.id),
    calls.map((call) => call.principal.tenant),
    calls.map((call) => call.principal.subject),
    calls.map((call) => call.principal.scopes.join(' ')),
    calls.map((call) => call.tool),
    calls.map((call) => JSON.stringify(call.args)),
    calls.map((call) => call.correlationId),
    calls.map((call) => call.sessionId),
    calls.map((call) => call.transport),
    calls.map((call) => call.client.name),
    calls.map((call) => call.client.version),
    calls.map(({ principal }) => limitsJson(principal)),
  ];
}

/** Those of a call that waits for the queue. */
export function acceptColumns(calls: readonly ToolCall[]): unknown[][] {
  const now = Date.now();
  return [
    ...identityColumns(calls),
    calls.map((call) => Math.max(0, Math.round(call.deadline - now))),
    calls.map(({ clientFiles }) => (clientFiles ? JSON.stringify(clientFiles) : null)),
    calls.map(({ asks }) => (asks && asks.length > 0 ? asks.join(' ') : null)),
    calls.map(({ inputResponses }) => (inputResponses ? JSON.stringify(inputResponses) : null)),
  ];
}

type Limits = Pick<CallPrincipal, 'models' | 'maxCostUsd'>;

/** What the caller's token narrows; null for most. */
function limitsJson({ models, maxCostUsd }: Limits): string | null {
  return models || maxCostUsd !== undefined ? JSON.stringify({ models, maxCostUsd }) : null;
}

export interface StartedRow {
  id: string;
  parentId: string | null;
  tenant: string;
  subject: string;
  scopes: string;
  tool: string;
  args: string;
  clientFiles: string | null;
  correlationId: string;
  sessionId: string;
  transport: ToolCall['transport'];
  clientName: string;
  clientVersion: string;
  remainingMs: number;
  acceptedMs: number;
  fence: number;
  attempts: number;
  releases: number;
  failures: FailedCandidate[];
  limits: Limits | null;
  asks: string | null;
  inputRound: number;
  inputResponses: string | null;
}

export function toAttempt(row: StartedRow): StartedAttempt {
  const now = Date.now();
  return {
    call: {
      id: row.id,
      ...(row.parentId !== null && { parentId: row.parentId }),
      tool: row.tool,
      args: JSON.parse(row.args) as Record<string, unknown>,
      ...(row.clientFiles !== null && {
        clientFiles: JSON.parse(row.clientFiles) as NonNullable<ToolCall['clientFiles']>,
      }),
      principal: {
        tenant: row.tenant,
        subject: row.subject,
        scopes: row.scopes === '' ? [] : row.scopes.split(' '),
        ...row.limits,
      },
      client: { name: row.clientName, version: row.clientVersion },
      sessionId: row.sessionId,
      transport: row.transport,
      correlationId: row.correlationId,
      deadline: now + row.remainingMs,
      createdAt: now - row.acceptedMs,
      ...(row.asks !== null && { asks: row.asks.split(' ') as InputKind[] }),
      ...(row.inputResponses !== null && {
        inputResponses: JSON.parse(row.inputResponses) as InputResponses,
      }),
    },
    fence: row.fence,
    attempt: row.attempts + 1,
    crashes: row.fence - 1 - row.attempts - row.releases - row.inputRound,
    releases: row.releases,
    failures: row.failures,
    remainingMs: row.remainingMs,
  };
}

export interface FinishedRow {
  id: string;
  tool: string;
  state: TerminalState;
  result: string | null;
  error: ErrorEnvelope | null;
}

/** Until it is over, its state is none of the terminal ones. */
export type MemberRow = FinishedRow & { readonly isOver: boolean };

export function toFinished(row: FinishedRow): FinishedCall {
  const { id, tool, state, result, error } = row;
  const payload = result === null ? undefined : (JSON.parse(result) as ToolPayload);
  if (error === null && payload) {
    return { id, tool, state, isKept: true, resultJson: result ?? undefined, outcome: { ok: true, payload } };
  }
  // What stands beside an error is work that was done before the call failed.
  const outcome = { ok: false, error: error as ErrorEnvelope, ...(payload && { partial: payload }) } as const;
  return { id, tool, state, isKept: error !== null, resultJson: undefined, outcome };
}

export type ReportRow = CallReport & { readonly inputResponses: InputResponses | null };

/** The answers themselves are nobody's business but the tool's. */
export function toReport({ inputResponses, ...report }: ReportRow): CallReport {
  const { inputRequests } = report;
  return { ...report, inputRequests: inputRequests && pendingRequests(inputRequests, inputResponses) };
}
