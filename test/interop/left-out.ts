import { type Session } from './session.js';

/** What a client's own road cannot carry, whatever the server does. */
interface LeftOut {
  readonly route: Session['route'];
  readonly isModern: boolean;
  readonly feature: string;
  readonly because: string;
}

export const LEFT_OUT: readonly LeftOut[] = [
  {
    route: 'mcp-remote',
    isModern: true,
    feature: 'cancel',
    because:
      'mcp-remote 0.15.1 passes the notification on as a request of its own and keeps the stream of the call open; ' +
      'closing that stream is the only cancellation that 2026-07-28 knows over HTTP',
  },
];

/** Why this feature is not asked of this client; undefined = it is. */
export function leftOut(
  feature: string,
  { route, isModern }: Pick<Session, 'route' | 'isModern'>,
): string | undefined {
  return LEFT_OUT.find(
    (entry) => entry.feature === feature && entry.route === route && entry.isModern === isModern,
  )?.because;
}
