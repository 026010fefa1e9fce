import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One download, for as long as records are kept. */
@Entity({ name: 'file_downloads' })
export class FileDownloadEntity {
  @PrimaryColumn({ type: 'bigint', generated: 'identity' })
  id: string;

  @Column({ type: 'text' })
  provider: string;

  @Column({ name: 'provider_file_id', type: 'text' })
  fileId: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId: string;

  @Column({ name: 'principal_id', type: 'text' })
  principalId: string;

  /** Where the file lies now; null when the download failed. */
  @Column({ type: 'text', nullable: true })
  destination: string | null;

  @Column({ name: 'duration_ms', type: 'int' })
  durationMs: number;

  @Column({ name: 'size_bytes', type: 'bigint', nullable: true })
  sizeBytes: number | null;

  @Column({ name: 'cache_hit', type: 'boolean' })
  cacheHit: boolean;

  @Column({ name: 'cache_source', type: 'text' })
  cacheSource: 'local' | 'provider';

  /** Copies that were thrown away on the way, the last one of a failed download included. */
  @Column({ name: 'error_count', type: 'int' })
  errorCount: number;

  @Column({ name: 'error_code', type: 'text', nullable: true })
  errorCode: string | null;
}
