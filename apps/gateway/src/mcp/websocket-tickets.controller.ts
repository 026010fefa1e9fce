import { Policy, principalOf, WebSocketTickets, type AuthenticatedRequest } from '#libs/auth';
import { Controller, Header, Post, Req } from '@nestjs/common';
import { SUBPROTOCOL, ticketProtocol } from './websocket-credential.js';

interface IssuedTicket {
  readonly ticket: string;
  /** ISO 8601. */
  readonly expires_at: string;
  readonly expires_in_s: number;
  /** To be offered as they are, in this order. */
  readonly protocols: readonly string[];
}

/** One-time admissions to `/ws`, for whoever may open a WebSocket. */
@Controller('api/v1/websocket-tickets')
@Policy('authenticated')
export class WebSocketTicketsController {
  constructor(private readonly tickets: WebSocketTickets) {}

  @Post()
  @Header('Cache-Control', 'no-store')
  async issue(@Req() request: AuthenticatedRequest): Promise<IssuedTicket> {
    const { ticket, expiresAt, expiresInSeconds } = await this.tickets.issue(principalOf(request));
    return {
      ticket,
      expires_at: expiresAt.toISOString(),
      expires_in_s: expiresInSeconds,
      protocols: [SUBPROTOCOL, ticketProtocol(ticket)],
    };
  }
}
