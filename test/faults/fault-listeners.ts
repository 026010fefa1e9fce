import { writeFileSync } from 'node:fs';
import { startSimulator, type Simulator } from '../../apps/simulator/src/server.js';
import { makeCertificates, type Certificate } from '../harness/certificates.js';
import { freePort } from '../harness/ports.js';
import { type WatchedSimulator } from '../harness/simulator.js';
import { type FaultRow } from './fault-rows.js';

/** The servers of the matrix: the well-behaved one, a closed port, and one for each kind of certificate. */
export interface FaultListeners {
  /** Without a path. */
  urlOf(listener: FaultRow['listener']): string;
  /** Requests that arrived where none may arrive. */
  strayRequests(): number;
  close(): Promise<void>;
}

/** @param authorityFile where the certificate of the only authority that is trusted is written */
export async function openFaultListeners(
  plain: Pick<WatchedSimulator, 'port'>,
  authorityFile: string,
): Promise<FaultListeners> {
  const { ca, good, expired, wrongHost, selfSigned } = await makeCertificates();
  writeFileSync(authorityFile, ca.cert);
  const serve = (tls: Certificate) => startSimulator({ tls });
  const refused = {
    expired: await serve(expired),
    'wrong-host': await serve(wrongHost),
    'self-signed': await serve(selfSigned),
  } satisfies Record<string, Simulator>;
  const trusted = await serve(good);
  const closedPort = await freePort();
  const originOf = ({ port }: Simulator) => `https://127.0.0.1:${port}`;
  return {
    urlOf: (listener) => {
      if (listener === undefined) return `http://127.0.0.1:${plain.port}`;
      if (listener === 'closed') return `http://127.0.0.1:${closedPort}`;
      return originOf(listener === 'trusted' ? trusted : refused[listener]);
    },
    strayRequests: () =>
      Object.values(refused).reduce((sum, simulator) => sum + simulator.requests().length, 0),
    close: async () => {
      await Promise.all([...Object.values(refused), trusted].map((simulator) => simulator.close()));
    },
  };
}
