import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * `pending`: an upload runs, or its process died. `failed`: it is of no use, and what the vendor may have of it is to
 * be deleted. `deleted`: nobody may use it any more, the vendor is still to be told.
 */
export type UploadStatus = 'pending' | 'completed' | 'failed' | 'deleted';

/** PostgreSQL tells a bigint as text. */
const number = { to: (value: number) => value, from: (value: string) => Number(value) };

/** A file that one principal has at one provider. */
@Entity({ name: 'provider_files' })
export class ProviderFileEntity {
  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'text' })
  provider: string;

  @Column({ name: 'tenant_id', type: 'text' })
  tenantId: string;

  @Column({ name: 'principal_id', type: 'text' })
  principalId: string;

  /** The vendor's id; null before it is known. */
  @Column({ name: 'provider_file_id', type: 'text', nullable: true })
  fileId: string | null;

  /** Of the bytes that were uploaded, in hexadecimal. */
  @Column({ type: 'text' })
  sha256: string;

  @Column({ type: 'text' })
  filename: string;

  @Column({ name: 'size_bytes', type: 'bigint', transformer: number })
  sizeBytes: number;

  @Column({ name: 'upload_status', type: 'text' })
  uploadStatus: UploadStatus;

  /** How often it was used, the upload included. */
  @Column({ name: 'reference_count', type: 'int' })
  referenceCount: number;

  /** A code, never a vendor's text. */
  @Column({ name: 'error_message', type: 'text', nullable: true })
  errorMessage: string | null;

  /** Of what the vendor gave back at the first download: a vendor may give back another form of the file. */
  @Column({ name: 'content_sha256', type: 'text', nullable: true })
  contentSha256: string | null;

  /** A copy of what the vendor gave back, on the computer of the worker that fetched it. */
  @Column({ name: 'cache_path', type: 'text', nullable: true })
  cachePath: string | null;

  @Column({ name: 'cache_expires_at', type: 'timestamptz', nullable: true })
  cacheExpiresAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;

  @Column({ name: 'last_used_at', type: 'timestamptz' })
  lastUsedAt: Date;
}
