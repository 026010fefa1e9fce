import { CLIENT_KINDS, type ClientKind } from '../harness/clients.js';
import { type Rig } from '../harness/rig.js';
import { cancel } from './cancellation.js';
import { FEATURES } from './features.js';
import { leftOut } from './left-out.js';
import { openSession, type Route, type Session } from './session.js';

/** How often a cancellation is timed. */
const CANCELLATIONS = 5;
/** By then the provider knows, in the median. */
const CANCEL_LIMIT_MS = 200;

export const CLIENTS: Readonly<Record<ClientKind, string>> = {
  v1: 'SDK v1.32',
  'v2-default': 'SDK v2.4',
  'v2-auto': 'SDK v2.4, auto',
  'v2-pinned': 'SDK v2.4, 2026-07-28',
};

/** What one client did over one route. */
export interface Row {
  readonly kind: ClientKind;
  readonly route: Route;
  readonly revision: string;
  /** By feature: what went wrong; null = it holds, absent = impossible on this route. */
  readonly outcomes: Readonly<Record<string, string | null>>;
  /** Milliseconds from the client's abort until the provider sees it, each time, ascending; empty when that failed. */
  readonly cancelMs: readonly number[];
}

/** Puts each client through every feature over this route, one after the other, so that the times are its own. */
export async function measureRoute(
  rig: Rig,
  route: Route,
  onRow: (row: Row) => void,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const kind of CLIENT_KINDS) {
    const session = await openSession(kind, route, rig);
    const row = await measure(session);
    await session.client.close();
    onRow(row);
    rows.push(row);
  }
  return rows;
}

async function measure(session: Session): Promise<Row> {
  const outcomes: Record<string, string | null> = {};
  for (const { name, check } of FEATURES) {
    if (leftOut(name, session) !== undefined) continue;
    outcomes[name] = await check(session).then(
      () => null,
      (error: unknown) => String(error),
    );
  }
  const cancelMs: number[] = [];
  while (outcomes['cancel'] === null && cancelMs.length < CANCELLATIONS) cancelMs.push(await cancel(session));
  cancelMs.sort((a, b) => a - b);
  const { kind, route } = session;
  return { kind, route, revision: session.client.protocolVersion ?? '', outcomes, cancelMs };
}

/** Says it when the median of the times is above what is promised. */
export function slowCancellation({ cancelMs }: Row): string | undefined {
  const median = cancelMs[Math.floor(cancelMs.length / 2)];
  if (median === undefined || median <= CANCEL_LIMIT_MS) return undefined;
  return `half of the cancellations took more than ${CANCEL_LIMIT_MS} ms: ${cancelMs.join(', ')}`;
}
