// Foreign errors are recognised by their published shape, not by class: more than one copy of a library may be loaded.
import { type ErrorDetails } from './entry.js';
import { ExaiError } from './exai-error.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { issuesOf } from './zod-issues.js';

/** The one place where foreign errors become ours; whatever is unknown becomes `INTERNAL` and keeps its cause. */
export function toExaiError(error: unknown): ExaiError {
  if (error instanceof ExaiError) return error;
  const fields = fieldsOf(error);
  const carried = fields['name'] === 'AbortError' ? [fields['cause'], fields['reason']] : [];
  const ours = carried.find((item) => item instanceof ExaiError);
  if (ours !== undefined) return ours;

  const issues = issuesOf(error);
  if (issues !== undefined) return new ExaiError('INVALID_ARGUMENT', { issues }, { cause: error });
  const faults = configFaults(fields);
  if (faults !== undefined) return new ExaiError('CONFIG_INVALID', faults, { cause: error });
  const listening = listenFailure(fields);
  if (listening !== undefined) return new ExaiError('LISTEN_FAILED', listening, { cause: error });
  if (isStoreFailure(fields)) return new ExaiError('STORE_UNAVAILABLE', {}, { cause: error });
  return new ExaiError('INTERNAL', {}, { cause: error });
}

/** The exit code of a process that ends because of `error`. */
export function exitCodeOf(error: unknown): ExitCode {
  return toExaiError(error).entry.exit ?? EXIT_CODES.failed;
}

function configFaults({ name, faults }: Fields): ErrorDetails | undefined {
  if (name !== 'ConfigError' || !Array.isArray(faults)) return undefined;
  const issues = faults.map((fault: unknown) => {
    const { variable, problem, expected } = fieldsOf(fault);
    return { pointer: String(variable), expected: `${String(problem)}, expected ${String(expected)}` };
  });
  return { issues };
}

function listenFailure({ code, syscall, port, address }: Fields): ErrorDetails | undefined {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program holds it',
    EACCES: 'this user may not open it',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  const reason = syscall === 'listen' && typeof code === 'string' ? reasons[code] : undefined;
  if (reason === undefined) return undefined;
  return { port, reason: typeof address === 'string' ? `${reason} (address ${address})` : reason };
}

/** Connection lost or refused, shutting down, out of resources; 25006 is a replica that only reads. */
const STORE_SQLSTATE = /^(08|53|57)[0-9A-Z]{3}$|^25006$/;

/** Of a socket that belongs to the operating system; an aborted request of a client carries such a code without a call. */
const SOCKET_CODES = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

/** `pg` gives these no code. */
const PG_CONNECTION_MESSAGES = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'timeout exceeded when trying to connect',
]);

/** Causes are not followed: a failed request to a vendor has such causes too, and its client words it. */
function isStoreFailure({ code, syscall, message, driverError }: Fields): boolean {
  if (typeof code === 'string') {
    if (code === 'ECONNREFUSED' || STORE_SQLSTATE.test(code)) return true;
    if (SOCKET_CODES.has(code) && typeof syscall === 'string') return true;
  }
  if (typeof message === 'string' && PG_CONNECTION_MESSAGES.has(message)) return true;
  return isObject(driverError) && isStoreFailure(fieldsOf(driverError));
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? (value as Fields) : {};
}
