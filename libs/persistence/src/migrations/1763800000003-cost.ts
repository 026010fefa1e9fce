import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What calls cost and may cost, and how the providers do as the workers see them. */
export class Cost1763800000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Nullable and without a default: the table is not rewritten.
    await runner.query(`
      ALTER TABLE tool_calls
        ADD COLUMN limits jsonb,
        ADD COLUMN cached_tokens int,
        ADD COLUMN reasoning_tokens int,
        ADD COLUMN cost_usd numeric(14, 8)`);
    await runner.query(`
      CREATE TABLE cost_days (
        day date PRIMARY KEY,
        spent numeric NOT NULL DEFAULT 0,
        reserved numeric NOT NULL DEFAULT 0
      )`);
    await runner.query(`
      CREATE TABLE cost_reservations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        call_id uuid NOT NULL,
        fence int NOT NULL,
        day date NOT NULL,
        amount numeric NOT NULL,
        input_amount numeric NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX cost_reservations_expiry ON cost_reservations (expires_at)`);
    // Written anew every few seconds and worth nothing after a crash.
    await runner.query(`
      CREATE UNLOGGED TABLE provider_health (
        process_id text NOT NULL,
        provider text NOT NULL,
        report jsonb NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (process_id, provider)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE provider_health');
    await runner.query('DROP TABLE cost_reservations');
    await runner.query('DROP TABLE cost_days');
    await runner.query(`
      ALTER TABLE tool_calls
        DROP COLUMN limits, DROP COLUMN cached_tokens, DROP COLUMN reasoning_tokens, DROP COLUMN cost_usd`);
  }
}
