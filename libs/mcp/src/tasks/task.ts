import { type CallReport } from '#libs/dispatch';
import { type ErrorCode } from '#libs/errors';
import { type InputRequests } from '#libs/tools';
import { type CallToolResult, type Result } from '@modelcontextprotocol/server';
import { toProtocolError } from '../protocol-errors.js';
import { reportedResult } from '../calls/tool-result.js';
import { errorFromEnvelope } from '#libs/errors';

/** How soon a client should look again, in milliseconds. */
const POLL_INTERVAL_MS = 1_000;

/** What is wrong with us, not with the call: those alone are no results of a tool. */
const PROTOCOL_FAILURES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INTERNAL',
  'WORKER_CRASH_LIMIT',
  'STORE_UNAVAILABLE',
]);

/** A call as a task of the tasks extension; the fields are flat, as that has them. */
export interface Task {
  readonly taskId: string;
  readonly status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  readonly statusMessage: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** Milliseconds from its creation for which it is kept at least. */
  readonly ttlMs: number;
  readonly pollIntervalMs: number;
}

/** The task with what its state brings along. */
export type DetailedTask = Task & {
  readonly inputRequests?: InputRequests;
  readonly result?: CallToolResult;
  readonly error?: { readonly code: number; readonly message: string; readonly data: unknown };
};

export type CreateTaskResult = Result & Task & { readonly resultType: 'task' };

export function taskOf(report: CallReport, ttlMs: number): Task {
  const { id, startedAt, finishedAt, acceptedAt } = report;
  const [status, statusMessage] = statusOf(report);
  return {
    taskId: id,
    status,
    statusMessage,
    createdAt: acceptedAt.toISOString(),
    lastUpdatedAt: (finishedAt ?? startedAt ?? acceptedAt).toISOString(),
    ttlMs,
    pollIntervalMs: POLL_INTERVAL_MS,
  };
}

/** Undefined for a call that has ended and whose answer is no longer kept. */
export function detailedTask(report: CallReport, ttlMs: number): DetailedTask | undefined {
  const task = taskOf(report, ttlMs);
  switch (task.status) {
    case 'input_required':
      return { ...task, inputRequests: report.inputRequests ?? {} };
    case 'completed': {
      const result = reportedResult(report);
      return result && { ...task, result };
    }
    case 'failed':
      return report.error ? { ...task, error: errorOf(report, report.error) } : undefined;
    default:
      return task;
  }
}

function statusOf({ state, error }: CallReport): [Task['status'], string] {
  switch (state) {
    case 'ACCEPTED':
    case 'QUEUED':
      return ['working', 'Waiting for a worker.'];
    case 'RUNNING':
      return ['working', 'Running.'];
    case 'INPUT_REQUIRED':
      return ['input_required', 'Waiting for your answers.'];
    case 'COMPLETED':
      return ['completed', 'Done.'];
    case 'CANCELLED':
      return ['cancelled', 'Cancelled.'];
    default:
      return error && PROTOCOL_FAILURES.has(error.code)
        ? ['failed', error.message]
        : ['completed', error?.message ?? 'Failed.'];
  }
}

function errorOf({ id }: CallReport, envelope: NonNullable<CallReport['error']>) {
  const { correlationId } = envelope;
  const { code, message, data } = toProtocolError(errorFromEnvelope(envelope), { correlationId, callId: id });
  return { code, message, data };
}
