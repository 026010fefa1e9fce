import { missingModels } from './catalogue/discovered-models.js';
import type { RemoteModel } from './model-client.js';
import type { ProviderRegistry } from './provider-registry.js';
import type { WatchLog } from './provider-watch.js';

const LIMIT_MS = 5_000;
const AGAIN_MS = 3_600_000;
/** After a vendor did not answer, and between looks at who is due. */
const CHECK_MS = 60_000;

/** Asks ready providers in the background which models they have. Its failures change nothing but one line of the log. */
export class ModelDiscovery {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;
  private adding = false;
  private readonly dueAt = new Map<string, number>();
  private readonly told = new Set<string>();

  constructor(
    private readonly registry: ProviderRegistry,
    private readonly log: WatchLog,
  ) {}

  start(): void {
    this.registry.onChange(() => this.changed());
    this.run();
    this.timer = setInterval(() => this.run(), CHECK_MS).unref();
  }

  /** Resolves when nothing is being asked any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.round;
  }

  /** Resolves when everybody who is due was asked. */
  settled(): Promise<void> {
    return this.round;
  }

  /** A reload may have brought other keys and addresses; a change of our own making asks nobody again. */
  private changed(): void {
    if (this.adding) return;
    this.dueAt.clear();
    this.run();
  }

  private run(): void {
    this.round = this.round.then(() => this.askAllDue());
  }

  private async askAllDue(): Promise<void> {
    if (this.stopped) return;
    const due = this.registry.discovering().filter((id) => (this.dueAt.get(id) ?? 0) <= Date.now());
    await Promise.all(due.map((id) => this.ask(id)));
  }

  private async ask(id: string): Promise<void> {
    this.dueAt.set(id, Date.now() + CHECK_MS);
    try {
      const provider = this.registry.provider(id);
      const listed = await provider.listRemoteModels(AbortSignal.timeout(LIMIT_MS));
      if (this.stopped) return;
      const known = this.registry.models().filter((card) => card.provider === id && !card.discovered);
      this.add(id, listed);
      this.dueAt.set(id, Date.now() + AGAIN_MS);
      for (const model of missingModels(known, listed)) {
        this.once(`${id} ${model}`, () =>
          this.log.info({ provider: id, model }, `${id} no longer lists ${model}, which stays in use`),
        );
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.once(id, () => this.log.info({ provider: id }, `${id} did not list its models: ${reason}`));
    }
  }

  private add(id: string, listed: readonly RemoteModel[]): void {
    this.adding = true;
    try {
      this.registry.discover(id, listed);
    } finally {
      this.adding = false;
    }
  }

  private once(subject: string, tell: () => void): void {
    if (this.told.has(subject)) return;
    this.told.add(subject);
    tell();
  }
}
