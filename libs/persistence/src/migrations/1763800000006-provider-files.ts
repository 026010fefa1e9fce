import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Files that callers have at providers, what was downloaded of them, and how much of both a caller used. */
export class ProviderFiles1763800000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE provider_files (
        id uuid PRIMARY KEY,
        provider text NOT NULL,
        tenant_id text NOT NULL,
        principal_id text NOT NULL,
        provider_file_id text,
        sha256 text NOT NULL,
        filename text NOT NULL,
        size_bytes bigint NOT NULL,
        upload_status text NOT NULL DEFAULT 'pending'
          CHECK (upload_status IN ('pending', 'completed', 'failed', 'deleted')),
        reference_count int NOT NULL DEFAULT 1,
        error_message text,
        content_sha256 text,
        cache_path text,
        cache_expires_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        last_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT provider_files_vendor_id UNIQUE (provider, provider_file_id)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX provider_files_content ON provider_files (provider, tenant_id, principal_id, sha256)
      WHERE upload_status = 'completed'`);
    await runner.query(`
      CREATE INDEX provider_files_owner ON provider_files (tenant_id, principal_id, last_used_at)`);
    await runner.query(`CREATE INDEX provider_files_unused ON provider_files (provider, last_used_at)`);
    await runner.query(`
      CREATE TABLE file_downloads (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        provider text NOT NULL,
        provider_file_id text NOT NULL,
        tenant_id text NOT NULL,
        principal_id text NOT NULL,
        destination text,
        duration_ms int NOT NULL,
        size_bytes bigint,
        cache_hit boolean NOT NULL,
        cache_source text NOT NULL,
        error_count int NOT NULL,
        error_code text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query(`CREATE INDEX file_downloads_file ON file_downloads (provider_file_id)`);
    await runner.query(`CREATE INDEX file_downloads_age ON file_downloads (created_at)`);
    // The columns that the limiter expects, in its order. Counts of at most a day: not worth a log entry.
    await runner.query(`
      CREATE UNLOGGED TABLE usage_limits (
        key varchar(255) PRIMARY KEY,
        points int NOT NULL DEFAULT 0,
        expire bigint
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage_limits');
    await runner.query('DROP TABLE file_downloads');
    await runner.query('DROP TABLE provider_files');
  }
}
