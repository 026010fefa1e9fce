import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Calls that ask whoever made them, and wait for the answer without a worker. */
export class CallInput1763800000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tool_calls
        DROP CONSTRAINT tool_calls_state_check,
        ADD CONSTRAINT tool_calls_state_check CHECK (state IN ('ACCEPTED', 'QUEUED', 'RUNNING', 'INPUT_REQUIRED',
          'COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED')),
        ADD COLUMN asks text,
        ADD COLUMN input_requests json,
        ADD COLUMN input_responses json,
        ADD COLUMN input_round int NOT NULL DEFAULT 0,
        ADD COLUMN asked_at timestamptz,
        ADD COLUMN time_left_ms int`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tool_calls DROP COLUMN asks, DROP COLUMN input_requests, DROP COLUMN input_responses,
        DROP COLUMN input_round, DROP COLUMN asked_at, DROP COLUMN time_left_ms`);
  }
}
