import { startSimulator, type Simulator } from '../../apps/simulator/src/server.js';
import { type RequestLogEntry } from '../../apps/simulator/src/request-log.js';
import { eventually } from './eventually.js';

export type { RequestLogEntry };

/** A simulator in the test's own process, with its log of requests at hand. */
export interface WatchedSimulator {
  readonly env: Readonly<Record<string, string>>;
  /** Every chat request so far, those under way included. */
  requests(): Promise<RequestLogEntry[]>;
  /** Requests made for one call: its correlation id is their request id. */
  requestsOf(correlationId: string): Promise<RequestLogEntry[]>;
  /** Resolves when a request for which `matches` holds has arrived. */
  waitFor(matches: (entry: RequestLogEntry) => boolean, what: string): Promise<RequestLogEntry>;
  close(): Promise<void>;
}

export async function watchSimulator(): Promise<WatchedSimulator> {
  const simulator: Simulator = await startSimulator();
  const logUrl = `http://127.0.0.1:${simulator.port}/__requests`;
  const requests = async () => (await (await fetch(logUrl)).json()) as RequestLogEntry[];
  return {
    env: { SIMULATOR_BASE_URL: simulator.baseUrl, EXAI_SIMULATOR: 'on' },
    requests,
    requestsOf: async (correlationId) =>
      (await requests()).filter(({ requestId }) => requestId === correlationId),
    waitFor: (matches, what) => eventually(async () => (await requests()).find(matches), what),
    close: () => simulator.close(),
  };
}
