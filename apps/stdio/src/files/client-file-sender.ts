import { type FileReader, type FileReaderConfig } from '#libs/file-access';
import { fieldsOf, type Fields } from '../message.js';
import { tooLarge, type Refusal } from '../refusal.js';
import { type Moment } from './collect-files.js';
import { ThreadPaths } from './thread-paths.js';

/** These ask models at every step. */
const ASKING_AT_EVERY_STEP = new Set(['consensus']);

const WHERE =
  'Files are read by the stdio shim on this computer, below EXAI_FILE_ROOTS of its environment, ' +
  'by default the directory it was started in.';

export interface SenderOptions {
  readonly config: FileReaderConfig;
  /** Directories that are never read besides the data directory. */
  readonly denied: readonly string[];
  /** Largest message the gateway takes. */
  readonly maxMessageBytes: number;
  readonly log: (message: string) => void;
}

/** A call as it is sent, or why it is not. */
export type PreparedCall =
  | {
      readonly line: string;
      /** The answer tells to which thread the call belongs. */
      readonly onThread: (continuationId: string) => void;
    }
  | { readonly refusal: Refusal };

/**
 * Lets calls take along the files they name, for a gateway that does not see this disk. Keeps no content, only the
 * paths of threads. What reads files is loaded by the first call that needs it.
 */
export class ClientFileSender {
  private readonly threads = new ThreadPaths();
  private reader: FileReader | undefined;
  /** Calls are read for one after the other, so that not all their files are in memory at once. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SenderOptions) {}

  /**
   * @param line a `tools/call`
   * @throws the reason of `signal`
   */
  prepare(line: string, signal: AbortSignal): Promise<PreparedCall> {
    const prepared = this.turn.then(() => this.prepareNow(line, signal));
    this.turn = prepared.catch(() => undefined);
    return prepared;
  }

  private async prepareNow(line: string, signal: AbortSignal): Promise<PreparedCall> {
    try {
      signal.throwIfAborted();
      return await this.withFiles(line, signal);
    } catch (error) {
      signal.throwIfAborted();
      return { refusal: await this.refusalOf(error) };
    }
  }

  private async withFiles(line: string, signal: AbortSignal): Promise<PreparedCall> {
    const message = JSON.parse(line) as Fields;
    const params = fieldsOf(message['params']);
    const meta = fieldsOf(params['_meta']);
    const { CLIENT_FILES_META, pathArguments } = await import('#libs/file-access');
    // A client that sends files itself knows best.
    if (CLIENT_FILES_META in meta) return { line, onThread: () => undefined };

    const args = fieldsOf(params['arguments']);
    const named = pathArguments(args);
    const thread = args['continuation_id'];
    const earlier = typeof thread === 'string' ? this.threads.of(thread) : [];
    const { collectFiles } = await import('./collect-files.js');
    const { maxMessageBytes } = this.options;
    const wanted = { named, earlier, moment: momentOf(params['name'], args) };
    const room = maxMessageBytes - Buffer.byteLength(JSON.stringify(message));
    const parcel = await collectFiles(wanted, await this.openReader(), room, signal);
    const _meta = { ...meta, [CLIENT_FILES_META]: parcel };
    const prepared = JSON.stringify({ ...message, params: { ...params, _meta } });
    if (Buffer.byteLength(prepared) > maxMessageBytes) return { refusal: tooLarge(maxMessageBytes) };
    if (typeof thread === 'string') this.threads.add(thread, named);
    return { line: prepared, onThread: (continuationId) => this.threads.add(continuationId, named) };
  }

  private async openReader(): Promise<FileReader> {
    const { config, denied, log } = this.options;
    const { FileReader } = await import('#libs/file-access');
    return (this.reader ??= new FileReader(config, { denied, onRefused: log }));
  }

  private async refusalOf(thrown: unknown): Promise<Refusal> {
    const { toExaiError } = await import('#libs/errors');
    const { code, details, message, hint } = toExaiError(thrown);
    if (code === 'INTERNAL') this.options.log(`a file could not be read: ${String(thrown)}`);
    return {
      code,
      details,
      message,
      hint: code === 'FILE_DENIED' ? `Use a path inside the allowed roots. ${WHERE}` : `${hint} ${WHERE}`,
    };
  }
}

/** Steps of a workflow only note files; the last one shows them to a model. */
function momentOf(tool: unknown, { next_step_required: more }: Fields): Moment {
  if (typeof more !== 'boolean') return 'ask';
  return more && !ASKING_AT_EVERY_STEP.has(String(tool)) ? 'step' : 'end';
}
