import { startSimulator, type Simulator, type SimulatorOptions } from '../../apps/simulator/src/server.js';
import { type RequestLogEntry } from '../../apps/simulator/src/request-log.js';
import { type StatsReport } from '../../apps/simulator/src/stats.js';
import { eventually } from './eventually.js';

export type { RequestLogEntry };

/** A simulator in the test's own process, with its log of requests at hand. */
export interface WatchedSimulator {
  readonly env: Readonly<Record<string, string>>;
  readonly baseUrl: string;
  readonly port: number;
  /** Every chat request so far, those under way included. */
  requests(): Promise<RequestLogEntry[]>;
  /** Requests made for one call: its correlation id is their request id. */
  requestsOf(correlationId: string): Promise<RequestLogEntry[]>;
  /** Resolves when a request for which `matches` holds has arrived. */
  waitFor(matches: (entry: RequestLogEntry) => boolean, what: string): Promise<RequestLogEntry>;
  /** As `POST /__control`, for example `{always: 'hang-headers'}`; throws when it is not understood. */
  control(body: object): void;
  /** Takes back whatever `control` has set. */
  resetControl(): void;
  /** How many chat requests there were, and how many at once, in all and by model. */
  stats(): StatsReport;
  /** Connections that clients hold open. */
  openSockets(): number;
  /** Down: every connection ends, and no other is accepted until `reopenPort`. */
  closePort(): void;
  reopenPort(): Promise<void>;
  close(): Promise<void>;
}

export async function watchSimulator(options: SimulatorOptions = {}): Promise<WatchedSimulator> {
  const simulator: Simulator = await startSimulator(options);
  const requests = () => Promise.resolve(simulator.requests());
  return {
    env: { SIMULATOR_BASE_URL: simulator.baseUrl, EXAI_SIMULATOR: 'on' },
    baseUrl: simulator.baseUrl,
    port: simulator.port,
    requests,
    requestsOf: async (correlationId) =>
      (await requests()).filter(({ requestId }) => requestId === correlationId),
    waitFor: (matches, what) => eventually(async () => (await requests()).find(matches), what),
    control: (body) => simulator.control(body),
    resetControl: () => simulator.resetControl(),
    stats: () => simulator.stats(),
    openSockets: () => simulator.sockets().open,
    closePort: () => simulator.closePort(),
    reopenPort: () => simulator.reopenPort(),
    close: () => simulator.close(),
  };
}
