import { createHash, randomBytes } from 'node:crypto';
import { ExaiError } from '#libs/errors';
import { Metrics } from '#libs/observability';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { LEEWAY_SECONDS } from './access-tokens.js';
import { type Principal } from './principal.js';

/** Time from the request for a ticket to the upgrade. */
export const TICKET_SECONDS = 30;
const TICKET_BYTES = 32;
/** What `randomBytes` of this length is in base64url: anything else costs no look into the database. */
const TICKET_FORM = /^[\w-]{43}$/;
/** Expired ones that each new one takes away with it; what is locked is being taken away by another gateway. */
const SWEPT_AT_ONCE = 100;

export interface WebSocketTicket {
  /** 43 characters of base64url; shown this once. */
  readonly ticket: string;
  readonly expiresAt: Date;
  /** Seconds until then, rounded down. */
  readonly expiresInSeconds: number;
}

/** JSON has no Infinity: null stands for a principal without an end. */
type StoredPrincipal = Omit<Principal, 'expiresAt'> & { readonly expiresAt: number | null };

/**
 * Admissions to one WebSocket each, for clients that can set no header on an upgrade. A ticket stands for its
 * principal with all its limits, is stored as a hash, and is gone with its first use, at whichever gateway.
 */
@Injectable()
export class WebSocketTickets {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Never outlives the token that asked for it.
   * @throws ExaiError STORE_UNAVAILABLE
   */
  async issue(principal: Principal): Promise<WebSocketTicket> {
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    const tokenSeconds = principal.expiresAt + LEEWAY_SECONDS - Date.now() / 1_000;
    const seconds = Math.min(TICKET_SECONDS, tokenSeconds);
    const stored: StoredPrincipal = {
      ...principal,
      expiresAt: Number.isFinite(principal.expiresAt) ? principal.expiresAt : null,
    };
    // The database's clock decides on both ends: those of two gateways may differ.
    const [row] = await this.query<{ expiresAt: Date }>(
      `WITH swept AS (
         DELETE FROM websocket_tickets WHERE ticket_hash IN (
           SELECT ticket_hash FROM websocket_tickets WHERE expires_at < clock_timestamp()
           LIMIT ${SWEPT_AT_ONCE} FOR UPDATE SKIP LOCKED))
       INSERT INTO websocket_tickets (ticket_hash, principal, expires_at)
       VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
       RETURNING expires_at AS "expiresAt"`,
      [hashOf(ticket), JSON.stringify(stored), seconds],
    );
    if (!row) throw new ExaiError('STORE_UNAVAILABLE');
    return { ticket, expiresAt: row.expiresAt, expiresInSeconds: Math.floor(seconds) };
  }

  /**
   * Uses the ticket up.
   * @throws ExaiError UNAUTHENTICATED for one that is used, expired, unknown or no ticket at all; STORE_UNAVAILABLE
   */
  async redeem(ticket: string): Promise<Principal> {
    const principal = TICKET_FORM.test(ticket) ? await this.take(hashOf(ticket)) : undefined;
    this.metrics.authAttempts.inc({ result: principal ? 'ok' : 'unauthenticated' });
    if (!principal) throw new ExaiError('UNAUTHENTICATED');
    return principal;
  }

  private async take(hash: Buffer): Promise<Principal | undefined> {
    // One statement: of two gateways that are shown the same ticket one gets the row.
    const [row] = await this.query<{ principal: StoredPrincipal; valid: boolean }>(
      `WITH used AS (DELETE FROM websocket_tickets WHERE ticket_hash = $1 RETURNING principal, expires_at)
       SELECT principal, expires_at > clock_timestamp() AS valid FROM used`,
      [hash],
    );
    if (row?.valid !== true) return undefined;
    return { ...row.principal, expiresAt: row.principal.expiresAt ?? Infinity };
  }

  private async query<Row>(sql: string, parameters: unknown[]): Promise<readonly Row[]> {
    try {
      return await this.dataSource.query<Row[]>(sql, parameters);
    } catch (error) {
      throw new ExaiError('STORE_UNAVAILABLE', {}, { cause: error });
    }
  }
}

function hashOf(ticket: string): Buffer {
  return createHash('sha256').update(ticket).digest();
}
