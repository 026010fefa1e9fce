import { bearer } from './http.js';
import { type Gateway } from './standalone.js';

export interface Ticket {
  readonly ticket: string;
  readonly expires_at: string;
  readonly expires_in_s: number;
  readonly protocols: readonly [string, string];
}

/** A one-time admission to the WebSocket for whoever has this token. */
export async function getTicket({ url }: Pick<Gateway, 'url'>, token: string): Promise<Ticket> {
  const response = await fetch(`${url}/api/v1/websocket-tickets`, { method: 'POST', headers: bearer(token) });
  if (response.status !== 201) throw new Error(`No ticket: ${response.status} ${await response.text()}`);
  return (await response.json()) as Ticket;
}
