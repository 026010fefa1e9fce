import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What workflow tools have gathered so far, one row for each tool of a conversation. */
export class Workflows1763800000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE workflows (
        conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        tool_name text NOT NULL,
        state jsonb NOT NULL,
        version int NOT NULL,
        call_id uuid NOT NULL,
        PRIMARY KEY (conversation_id, tool_name),
        CONSTRAINT workflows_call UNIQUE (call_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE workflows');
  }
}
