import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** Ticks per second in /proc/<pid>/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/<pid>/stat after the name, which may hold spaces and parentheses; empty when it is gone. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** This process and all below it. */
export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(statOf(Number(name))[1]);
    parents.set(Number(name), parent);
  }
  const family = new Set([pid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child);
  }
  return [...family];
}

/** Processor seconds of a process, those of its ended children included. */
export function cpuSeconds(pid: number): number {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = statOf(pid).slice(11, 15).map(Number);
  return (user + system + childUser + childSystem) / TICKS_PER_SECOND;
}

/** Processor seconds of the processes and of all below them. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const family = new Set(pids.flatMap(familyOf));
  return [...family].reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

/** Resident memory in MiB, shared pages counted in full. */
export function residentMib(pid: number): number {
  return readKib(`/proc/${pid}/status`, 'VmRSS') / 1024;
}

/** Memory of a process and all below it in MiB, each shared page counted once. */
export function proportionalMib(pid: number): number {
  const kib = familyOf(pid).map((member) => readKib(`/proc/${member}/smaps_rollup`, 'Pss'));
  return kib.reduce((sum, value) => sum + value, 0) / 1024;
}

function readKib(path: string, field: string): number {
  try {
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Load average of the last minute: what else the machine was doing. */
export function load(): number {
  return loadavg()[0] ?? 0;
}

/** The child of ours that runs this program. */
export function childNamed(name: string): number | undefined {
  return familyOf(process.pid).find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
    } catch {
      return false;
    }
  });
}
