import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Calls that belong to another call, which asks them and puts their answers together. */
export class CallParents1763800000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tool_calls ADD COLUMN parent_id uuid');
    // Whatever ends a parent looks for the open ones.
    await runner.query(`
      CREATE INDEX tool_calls_parent ON tool_calls (parent_id)
      WHERE parent_id IS NOT NULL AND finished_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tool_calls DROP COLUMN parent_id');
  }
}
