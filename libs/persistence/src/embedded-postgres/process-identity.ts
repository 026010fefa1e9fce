import { readFileSync } from 'node:fs';

/** A pid alone names nobody for long: pids are recycled, and in a container they start again at 1. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time from /proc, in ticks since boot; absent where there is no /proc. */
  readonly started?: string;
}

export function identify(pid: number = process.pid): ProcessIdentity {
  const started = readProcStat(pid)?.started;
  return started === undefined ? { pid } : { pid, started };
}

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.started === b.started;
}

export function isAlive({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false;
  }
  const stat = readProcStat(pid);
  if (stat === undefined) return true;
  // A zombie answers signal 0 for as long as nobody reaps it, which in a container may be for ever.
  if (stat.state === 'Z' || stat.state === 'X') return false;
  return started === undefined || stat.started === started;
}

export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, started } = value as Record<string, unknown>;
  // kill(0) and kill(-n) address whole process groups.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined;
  return typeof started === 'string' ? { pid, started } : { pid };
}

export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readProcStat(pid: number): { state: string; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may itself hold spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, started] = [fields[0], fields[19]];
    return state !== undefined && started !== undefined ? { state, started } : undefined;
  } catch {
    return undefined;
  }
}
