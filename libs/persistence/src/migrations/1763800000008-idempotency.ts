import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Calls that are sent twice under one key of their caller are one call. */
export class Idempotency1763800000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tool_calls ADD COLUMN idempotency_key text, ADD COLUMN args_hash bytea');
    await runner.query(`
      CREATE UNIQUE INDEX tool_calls_idempotency ON tool_calls (tenant_id, principal_id, idempotency_key)
      WHERE idempotency_key IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tool_calls DROP COLUMN idempotency_key, DROP COLUMN args_hash');
  }
}
