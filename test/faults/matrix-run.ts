import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readMetric } from '../harness/metrics.js';
import { temporaryDirectory } from '../harness/paths.js';
import { type Backend } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { openFaultListeners } from './fault-listeners.js';
import { faultCases, LARGE, runCases, writeFaultProviders, type FaultOutcome } from './fault-matrix.js';

const CONCURRENCY = 12;
/** Idle connections are closed by then too. */
const SOCKETS_GONE_MS = 5_000;
const SAMPLE_EVERY_MS = 50;

export interface MatrixReport {
  readonly outcomes: readonly FaultOutcome[];
  /** Errors with code INTERNAL in gateway and worker. */
  readonly internalErrors: number;
  /** Connections to the vendor five seconds after the last answer. */
  readonly socketsLeft: number;
  /** Requests at a server whose certificate is not to be trusted. */
  readonly strayRequests: number;
  /** How far one answer without bound raised the worker's memory at most. */
  readonly growthMiB: number;
}

/** Every fault in every dialect over the whole road: client, gateway, queue, worker, socket. */
export async function runFaultMatrix(backend: Backend): Promise<MatrixReport> {
  const directory = temporaryDirectory();
  const providersFile = join(directory, 'providers.json');
  const authorityFile = join(directory, 'authority.pem');
  const rig = await Rig.open(backend, {
    gateways: 0,
    workers: 0,
    env: {
      EXAI_PROVIDERS_FILE: providersFile,
      NODE_EXTRA_CA_CERTS: authorityFile,
      EXAI_DEFAULT_MODEL: 'simulator-1',
    },
  });
  const listeners = await openFaultListeners(rig.simulator, authorityFile);
  try {
    const cases = faultCases();
    writeFaultProviders(providersFile, cases, listeners);
    await rig.addGateway();
    const worker = await rig.addWorker();
    const isLarge = ({ behaviour }: { behaviour: string }) => LARGE.has(behaviour);
    const small = await runCases(
      rig,
      cases.filter((fault) => !isLarge(fault)),
      CONCURRENCY,
    );
    const large: FaultOutcome[] = [];
    let growthMiB = 0;
    for (const fault of cases.filter(isLarge)) {
      const growth = watchMemory(worker.pid);
      large.push(...(await runCases(rig, [fault], 1)));
      growthMiB = Math.max(growthMiB, growth.stop());
    }
    await delay(SOCKETS_GONE_MS);
    const internalOf = async (url: string) =>
      (await readMetric(url, 'exai_errors_total', { code: 'INTERNAL' })) ?? 0;
    return {
      outcomes: [...small, ...large],
      internalErrors: (await internalOf(rig.gateway.url)) + (await internalOf(worker.workerUrl)),
      socketsLeft: rig.simulator.openSockets(),
      strayRequests: listeners.strayRequests(),
      growthMiB,
    };
  } finally {
    await rig.close();
    await listeners.close();
  }
}

/** Resident memory of a process over where it was at the start, at its highest. */
function watchMemory(pid: number): { stop(): number } {
  const resident = (): number => {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib) / 1_024;
  };
  const before = resident();
  let highest = before;
  const timer = setInterval(() => (highest = Math.max(highest, resident())), SAMPLE_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return highest - before;
    },
  };
}
