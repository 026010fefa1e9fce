import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The ledger: one row per accepted call. Rows are narrow to update (fillfactor, no index on hot columns). */
export class ToolCalls1763800000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tool_calls (
        id uuid PRIMARY KEY,
        tenant_id text NOT NULL,
        principal_id text NOT NULL,
        scopes text NOT NULL,
        tool text NOT NULL,
        args json,
        state text NOT NULL
          CHECK (state IN ('ACCEPTED', 'QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED')),
        fence int NOT NULL DEFAULT 0,
        enqueue_no int NOT NULL DEFAULT 1,
        attempts int NOT NULL DEFAULT 0,
        releases int NOT NULL DEFAULT 0,
        failures jsonb NOT NULL DEFAULT '[]',
        result json,
        error json,
        correlation_id text NOT NULL,
        session_id text NOT NULL,
        transport text NOT NULL,
        client_name text NOT NULL,
        client_version text NOT NULL,
        provider text,
        model text,
        input_tokens int,
        output_tokens int,
        accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        deadline_at timestamptz NOT NULL,
        touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        started_at timestamptz,
        finished_at timestamptz
      ) WITH (fillfactor = 80)`);
    await runner.query(`
      CREATE INDEX tool_calls_open ON tool_calls (accepted_at) WHERE finished_at IS NULL`);
    await runner.query(`
      CREATE INDEX tool_calls_content ON tool_calls (finished_at) WHERE args IS NOT NULL`);
    await runner.query(`CREATE INDEX tool_calls_owner ON tool_calls (tenant_id, principal_id, accepted_at)`);
    await runner.query(`CREATE INDEX tool_calls_correlation ON tool_calls (correlation_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE tool_calls');
  }
}
