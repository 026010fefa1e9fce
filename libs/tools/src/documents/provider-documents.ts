import { ExaiError, toExaiError } from '#libs/errors';
import { FileReader, isBinary, MAX_FILE_BYTES } from '#libs/file-access';
import { Resilience } from '#libs/providers';
import { FileUsage, type StoredFile, StoredFiles } from '#libs/stored-files';
import { Injectable } from '@nestjs/common';
import { AttemptFailed } from '../attempt-failed.js';
import { type DocumentWish } from '../define.js';
import { tellPhase } from '../asking/model-question.js';
import { type AttemptContext, type ToolCall } from '../tool.js';
import { type DocumentFacts, documentSource, type DocumentSource } from './document-source.js';
import { type FileProvider, FileProviders } from './file-providers.js';
import { FileRemoval } from './file-removal.js';
import { ProviderUploads, type Upload } from './provider-uploads.js';

/** As much as any vendor takes; what a provider takes less is its own limit. */
const MAX_DOCUMENT_BYTES = 100_000_000;

export interface DocumentMaterial {
  readonly path: string;
  /** With `\n` line ends. */
  readonly text: string;
  /** Who holds the file; absent = nobody, the text goes along with the question. */
  readonly provider?: string;
  /** For the caller. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The text of the one document that a question is about, by way of a provider that keeps files where there is one. */
@Injectable()
export class ProviderDocuments {
  constructor(
    private readonly providers: FileProviders,
    private readonly uploads: ProviderUploads,
    private readonly files: StoredFiles,
    private readonly usage: FileUsage,
    private readonly removal: FileRemoval,
    private readonly reader: FileReader,
    private readonly resilience: Resilience,
  ) {}

  /**
   * @throws AttemptFailed when the provider was asked in vain
   * @throws ExaiError for everything before that
   */
  async material(wish: DocumentWish, call: ToolCall, context: AttemptContext): Promise<DocumentMaterial> {
    const { principal } = call;
    // A call that comes back is the same question.
    if (context.attempt === 1 && context.putBacks === 0) await this.usage.take(principal, 'requests');
    const provider = this.providers.choose(wish.provider, principal);
    const maxBytes = provider ? Math.min(MAX_DOCUMENT_BYTES, provider.files.maxBytes) : MAX_DOCUMENT_BYTES;
    const source = documentSource(call, wish.path, this.reader, maxBytes);
    const facts = await source.identify(context.signal);
    if (!provider) return this.embedded(wish.path, source, facts, context.signal);
    tellPhase(context, `reading the file at ${provider.id}`);
    try {
      return await this.stored(wish.path, { provider, owner: principal, source, facts }, context.signal);
    } catch (error) {
      throw this.failed(error, provider.id, context.signal);
    }
  }

  private async embedded(
    path: string,
    source: DocumentSource,
    { sizeBytes, sha256 }: DocumentFacts,
    signal: AbortSignal,
  ): Promise<DocumentMaterial> {
    const variables = this.providers.keyVariables().join(' or ');
    const field = '/file_path';
    if (sizeBytes > MAX_FILE_BYTES) {
      const limit = `1 MiB while no provider keeps files (${variables} brings one)`;
      throw new ExaiError('FILE_TOO_LARGE', { field, limit });
    }
    const { bytes } = await source.read(signal);
    if (isBinary(bytes)) {
      const reason = `it is no text, and no provider that reads other files is ready; set ${variables}`;
      throw new ExaiError('FILE_BINARY', { field, reason, suggestions: ['text'] });
    }
    const metadata = { sha256, size_bytes: sizeBytes, deduplicated: false, upload_ms: 0, embedded: true };
    return { path, text: plainText(bytes.toString('utf8')), metadata };
  }

  private async stored(
    path: string,
    wanted: Parameters<ProviderUploads['ensure']>[0],
    signal: AbortSignal,
  ): Promise<DocumentMaterial> {
    const { provider } = wanted;
    let upload = await this.uploads.ensure(wanted, signal);
    let text = await this.textOf(provider, upload, signal);
    if (text === undefined) {
      await this.forget(upload.file);
      upload = await this.uploads.ensure(wanted, signal);
      text = await this.textOf(provider, upload, signal);
    }
    if (text === undefined) {
      await this.forget(upload.file);
      const reason = 'a file that was just uploaded is not there';
      throw new ExaiError('PROVIDER_BAD_RESPONSE', { provider: provider.id, reason });
    }
    const { file, deduplicated, uploadMs } = upload;
    const metadata = {
      file_id: file.fileId,
      file_provider: provider.id,
      sha256: file.sha256,
      size_bytes: file.sizeBytes,
      deduplicated,
      upload_ms: uploadMs,
    };
    return { path, text: plainText(text), provider: provider.id, metadata };
  }

  /** Undefined = the vendor does not have the file any more. */
  private async textOf(
    { files }: FileProvider,
    { file }: Upload,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      return await files.content(file.fileId, signal);
    } catch (error) {
      if (!(error instanceof ExaiError)) throw error;
      if (error.code === 'FILE_NOT_FOUND') return undefined;
      if (error.code !== 'OUTPUT_TOO_LARGE') throw error;
      throw new ExaiError('FILE_TOO_LARGE', { field: '/file_path', limit: '16 MiB of text' });
    }
  }

  /** Of several calls that find the file gone, one forgets it; a new upload of another call is left alone. */
  private async forget(file: StoredFile): Promise<void> {
    if (await this.files.claim(file.id)) await this.removal.forget(file);
  }

  /** Counts a further attempt among the provider's retries. */
  private failed(error: unknown, provider: string, signal: AbortSignal): Error {
    const cause = signal.aborted && signal.reason instanceof ExaiError ? signal.reason : toExaiError(error);
    if (cause.entry.retry !== 'queue') return cause;
    const reserve = (withinMs: number): number => this.resilience.reserveRetry(provider, withinMs);
    return new AttemptFailed(cause, undefined, undefined, reserve);
  }
}

/** Without a byte order mark, and with `\n` line ends. */
function plainText(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
}
