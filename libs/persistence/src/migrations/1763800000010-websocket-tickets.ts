import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** One-time admissions to a WebSocket, redeemed at any gateway. */
export class WebSocketTickets1763800000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // They live for seconds: after a crash clients get new ones, so the log need not carry them.
    await runner.query(`
      CREATE UNLOGGED TABLE websocket_tickets (
        ticket_hash bytea PRIMARY KEY,
        principal json NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX websocket_tickets_expiry ON websocket_tickets (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE websocket_tickets');
  }
}
