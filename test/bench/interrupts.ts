const cleanups: (() => Promise<unknown>)[] = [];

/** What to end when the run is interrupted; what was opened last ends first. */
export function endOnInterrupt(cleanup: () => Promise<unknown>): void {
  cleanups.unshift(cleanup);
}

async function endAll(): Promise<never> {
  for (const cleanup of cleanups) await cleanup().catch(() => undefined);
  process.exit(130);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll());
