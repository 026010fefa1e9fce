import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Threads behind `continuation_id`. */
export class Conversations1763800000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE conversations (
        id uuid PRIMARY KEY,
        tenant_id text NOT NULL,
        principal_id text NOT NULL,
        tool_name text NOT NULL,
        turn_count int NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_activity_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE messages (
        conversation_id uuid NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        seq int NOT NULL,
        role text NOT NULL CHECK (role IN ('user', 'assistant')),
        content text NOT NULL,
        tool_name text NOT NULL,
        provider text,
        model text,
        files jsonb NOT NULL DEFAULT '[]',
        usage jsonb,
        call_id uuid NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (conversation_id, seq),
        CONSTRAINT messages_call_role UNIQUE (call_id, role)
      )`);
    await runner.query(`CREATE INDEX conversations_expiry ON conversations (expires_at)`);
    await runner.query(`
      CREATE INDEX conversations_owner ON conversations (tenant_id, principal_id, last_activity_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE messages');
    await runner.query('DROP TABLE conversations');
  }
}
