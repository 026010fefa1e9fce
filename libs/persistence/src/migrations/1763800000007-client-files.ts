import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Files of the client's own disk that came with a call. */
export class ClientFiles1763800000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tool_calls ADD COLUMN client_files json');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tool_calls DROP COLUMN client_files');
  }
}
