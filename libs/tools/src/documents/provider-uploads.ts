import { ExaiError, toExaiError } from '#libs/errors';
import { type FileOwner, FileUsage, type StoredFile, StoredFiles } from '#libs/stored-files';
import { Injectable } from '@nestjs/common';
import { type DocumentContent, type DocumentFacts, type DocumentSource } from './document-source.js';
import { safeName } from './file-names.js';
import { type FileProvider } from './file-providers.js';
import { FileRemoval } from './file-removal.js';
import { SingleFlight } from './single-flight.js';
import { Turns } from './turns.js';

/** An upload holds the file twice, as it is and as the body of a form. */
const UPLOADS_AT_ONCE = 4;
const KILOBYTE = 1_000;

export interface Upload {
  readonly file: StoredFile;
  /** The content was there already, or on its way. */
  readonly deduplicated: boolean;
  readonly uploadMs: number;
}

interface Wanted {
  readonly provider: FileProvider;
  readonly owner: FileOwner;
  readonly source: DocumentSource;
  readonly facts: DocumentFacts;
}

/** Brings a document to a provider once, however often and by how many calls of its owner it is asked about. */
@Injectable()
export class ProviderUploads {
  private readonly flights = new SingleFlight<Upload>();
  private readonly turns = new Turns(UPLOADS_AT_ONCE);

  constructor(
    private readonly files: StoredFiles,
    private readonly usage: FileUsage,
    private readonly removal: FileRemoval,
  ) {}

  async ensure(wanted: Wanted, signal: AbortSignal): Promise<Upload> {
    const known = await this.known(wanted);
    if (known) return known;
    const { provider, owner, facts } = wanted;
    const key = JSON.stringify([provider.id, owner.tenant, owner.subject, facts.sha256]);
    const { value, shared } = await this.flights.run(key, signal, (ofAll) => this.upload(wanted, ofAll));
    return shared ? { ...value, deduplicated: true, uploadMs: 0 } : value;
  }

  private async known({ provider, owner, facts }: Wanted): Promise<Upload | undefined> {
    const file = await this.files.use(provider.id, owner, facts.sha256);
    return file && { file, deduplicated: true, uploadMs: 0 };
  }

  private async upload(wanted: Wanted, signal: AbortSignal): Promise<Upload> {
    // An upload that ended since the first look.
    const known = await this.known(wanted);
    if (known) return known;
    return this.turns.run(signal, async () => {
      const content = await wanted.source.read(signal);
      const startedAt = performance.now();
      const file = await this.paidFor(wanted.owner, content.bytes.byteLength, () =>
        this.send(wanted, content, signal),
      );
      return { file, deduplicated: false, uploadMs: Math.round(performance.now() - startedAt) };
    });
  }

  /** What was not uploaded costs nothing of the quota. */
  private async paidFor<T>(owner: FileOwner, bytes: number, send: () => Promise<T>): Promise<T> {
    const kilobytes = Math.ceil(bytes / KILOBYTE);
    await this.usage.take(owner, 'uploads');
    try {
      await this.usage.take(owner, 'kilobytes', kilobytes);
      return await send().catch(async (error: unknown) => {
        await this.usage.giveBack(owner, 'kilobytes', kilobytes);
        throw error;
      });
    } catch (error) {
      await this.usage.giveBack(owner, 'uploads');
      throw error;
    }
  }

  private async send(wanted: Wanted, content: DocumentContent, signal: AbortSignal): Promise<StoredFile> {
    const { provider, owner, source } = wanted;
    const filename = safeName(source.name);
    const { bytes, sha256 } = content;
    const record = { provider: provider.id, sha256, filename, sizeBytes: bytes.byteLength };
    const id = await this.files.begin(owner, record);
    let fileId: string;
    try {
      ({ id: fileId } = await provider.files.upload({ name: filename, content: bytes }, signal));
    } catch (error) {
      await this.files.fail(id, toExaiError(error).code).catch(() => undefined);
      throw error;
    }
    return this.register(wanted, { id, fileId, sha256 }, signal);
  }

  private async register(
    { provider, owner }: Wanted,
    { id, fileId, sha256 }: { readonly id: string; readonly fileId: string; readonly sha256: string },
    signal: AbortSignal,
  ): Promise<StoredFile> {
    const completion = await this.files.complete(id, fileId).catch(async (error: unknown) => {
      // Without a record nobody would ever find it again.
      await provider.files.delete(fileId, signal).catch(() => undefined);
      throw error;
    });
    if (completion === 'foreign') {
      const reason = 'the id it gave to an uploaded file is in use';
      throw new ExaiError('PROVIDER_BAD_RESPONSE', { provider: provider.id, reason });
    }
    if (completion === 'duplicate') {
      await this.removal.tryToRemove(provider, { id, fileId, cachePath: null }, signal);
    }
    const file = await this.files.use(provider.id, owner, sha256);
    if (!file) throw new ExaiError('STORE_UNAVAILABLE', { reason: 'a record that was just written is gone' });
    return file;
  }
}
