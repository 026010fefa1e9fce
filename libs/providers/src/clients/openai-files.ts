import { ExaiError } from '#libs/errors';
import { z } from 'zod';
import type { ProviderQuirks } from '../define.js';
import type { FileUpload, ProviderFiles, RemoteFile, TakePiece } from '../provider-files.js';
import { BadAnswerError } from './bad-answer.js';
import type { ErrorClassifier } from './classify-error.js';
import type { ApiRequest, OpenAiApi } from './openai-api.js';
import { multipart } from './multipart.js';
import { RequestWatch } from './request-watch.js';
import { readBytes, readText } from './response-body.js';

const UPLOAD_MS = 90_000;
const FETCH_MS = 25_000;

/** Vendors take other ids for other things, and a path must stay one. */
const ID = /^[\w.-]{1,200}$/;

const fileSchema = z.looseObject({
  id: z.string().regex(ID),
  filename: z.string().nullish(),
  bytes: z.number().int().nonnegative().nullish().catch(undefined),
  /** Seconds of Unix time. */
  created_at: z.number().int().nonnegative().max(8.64e12).nullish().catch(undefined),
  purpose: z.string().nullish(),
});
const listSchema = z.looseObject({ data: z.array(z.unknown()) });

type Request = Omit<ApiRequest, 'signal'>;

/** The file store of a vendor that speaks the dialect. */
export class OpenAiFiles implements ProviderFiles {
  readonly maxBytes: number;
  readonly persistent: boolean;
  readonly extractsText: boolean;

  constructor(
    private readonly quirks: NonNullable<ProviderQuirks['files']>,
    private readonly provider: string,
    private readonly api: OpenAiApi,
    private readonly classifier: ErrorClassifier,
  ) {
    this.maxBytes = quirks.maxBytes;
    this.persistent = quirks.persistent;
    this.extractsText = quirks.textField !== undefined;
  }

  async upload(file: FileUpload, signal: AbortSignal): Promise<RemoteFile> {
    const { provider, maxBytes } = this;
    const size = file.content.byteLength;
    if (size === 0) throw new ExaiError('INVALID_ARGUMENT', { provider, reason: 'the file is empty' });
    if (size > maxBytes) throw this.tooLarge(maxBytes);
    const fields = { purpose: file.purpose ?? this.quirks.purpose };
    const { body, contentType } = multipart(fields, { ...file, field: 'file' });
    const request = {
      method: 'post',
      path: '/files',
      body,
      headers: { 'content-type': contentType },
    } as const;
    return this.run(request, UPLOAD_MS, signal, (text) => fileIn(JSON.parse(text)));
  }

  get(id: string, signal: AbortSignal): Promise<RemoteFile> {
    return this.of(id, '', signal, (text) => fileIn(JSON.parse(text)));
  }

  content(id: string, signal: AbortSignal): Promise<string> {
    const { textField } = this.quirks;
    return this.of(id, '/content', signal, (text) =>
      textField === undefined ? text : unwrapped(text, textField),
    );
  }

  async download(id: string, take: TakePiece, maxBytes: number, signal: AbortSignal): Promise<void> {
    if (this.extractsText) {
      const text = Buffer.from(await this.content(id, signal));
      if (text.byteLength > maxBytes) throw this.tooLarge(maxBytes);
      await take(text);
      return;
    }
    const request = { method: 'get', path: `${this.pathOf(id)}/content` } as const;
    await this.exchange(request, FETCH_MS, signal, async (response) => {
      for await (const piece of readBytes(response, maxBytes)) await take(piece);
    }).catch((error: unknown) => {
      throw error instanceof ExaiError && error.code === 'OUTPUT_TOO_LARGE' ? this.tooLarge(maxBytes) : error;
    });
  }

  /** Entries that are not files are left out. */
  list(signal: AbortSignal): Promise<readonly RemoteFile[]> {
    return this.run({ method: 'get', path: '/files' }, FETCH_MS, signal, (text) =>
      listSchema.parse(JSON.parse(text)).data.flatMap((entry) => {
        const file = fileSchema.safeParse(entry);
        return file.success ? [remoteFileOf(file.data)] : [];
      }),
    );
  }

  async delete(id: string, signal: AbortSignal): Promise<void> {
    const request = { method: 'delete', path: this.pathOf(id) } as const;
    try {
      await this.run(request, FETCH_MS, signal, () => undefined);
    } catch (error) {
      if (!(error instanceof ExaiError && error.code === 'FILE_NOT_FOUND')) throw error;
    }
  }

  private async of<T>(id: string, rest: string, signal: AbortSignal, read: (text: string) => T): Promise<T> {
    return this.run({ method: 'get', path: `${this.pathOf(id)}${rest}` }, FETCH_MS, signal, read);
  }

  private pathOf(id: string): string {
    if (!ID.test(id) || /^\.+$/.test(id)) {
      throw new ExaiError('FILE_NOT_FOUND', { provider: this.provider, file: id.slice(0, 200) });
    }
    return `/files/${id}`;
  }

  private tooLarge(maxBytes: number): ExaiError {
    return new ExaiError('FILE_TOO_LARGE', {
      provider: this.provider,
      limit: `${Math.floor(maxBytes / 1024)} KiB`,
    });
  }

  private run<T>(
    request: Request,
    timeoutMs: number,
    signal: AbortSignal,
    read: (text: string) => T,
  ): Promise<T> {
    return this.exchange(request, timeoutMs, signal, async (response, watch) => {
      const text = await readText(response);
      watch.check();
      return read(text);
    });
  }

  private async exchange<T>(
    request: Request,
    timeoutMs: number,
    signal: AbortSignal,
    read: (response: Response, watch: RequestWatch) => Promise<T>,
  ): Promise<T> {
    const times = { totalMs: timeoutMs, firstByteMs: timeoutMs, idleMs: timeoutMs };
    const watch = new RequestWatch(signal, { provider: this.provider }, times, { streamed: false });
    try {
      watch.check();
      const response = await this.api.send({ ...request, signal: watch.signal });
      return await read(response, watch);
    } catch (error) {
      throw watch.reason ?? this.classify(error);
    } finally {
      watch.close();
    }
  }

  /** The tables speak of models: without one, "not there" and "too large" are said of a file. */
  private classify(error: unknown): ExaiError {
    const { provider } = this;
    if (error instanceof SyntaxError || error instanceof BadAnswerError || isZodError(error)) {
      const reason = 'the answer about a file has another shape';
      return new ExaiError('PROVIDER_BAD_RESPONSE', { provider, reason });
    }
    const known = this.classifier.classify(error);
    const code = known.details.upstreamStatus === 404 ? 'FILE_NOT_FOUND' : known.code;
    if (code === 'CONTEXT_TOO_LARGE')
      return new ExaiError('FILE_TOO_LARGE', known.details, { cause: known.cause });
    return code === known.code ? known : new ExaiError(code, known.details, { cause: known.cause });
  }
}

/** What is not wrapped is the text itself. */
function unwrapped(text: string, field: string): string {
  if (!text.trimStart().startsWith('{')) return text;
  try {
    const value = (JSON.parse(text) as Readonly<Record<string, unknown>>)[field];
    return typeof value === 'string' ? value : text;
  } catch {
    return text;
  }
}

function fileIn(value: unknown): RemoteFile {
  return remoteFileOf(fileSchema.parse(value));
}

function remoteFileOf(file: z.output<typeof fileSchema>): RemoteFile {
  return {
    id: file.id,
    name: file.filename ?? file.id,
    size: file.bytes ?? 0,
    createdAt: new Date((file.created_at ?? 0) * 1000),
    ...(typeof file.purpose === 'string' && { purpose: file.purpose }),
  };
}

function isZodError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ZodError';
}
