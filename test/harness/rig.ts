import { rmSync } from 'node:fs';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#libs/persistence';
import { temporaryDirectory } from './paths.js';
import { type Backend, type OpenBackend } from './redis.js';
import { watchSimulator, type WatchedSimulator } from './simulator.js';
import {
  removeDataDir,
  startGateway,
  startWorker,
  type Gateway,
  type Server,
  type Worker,
} from './standalone.js';
import { signToken, type TokenOptions } from './tokens.js';

const AUDIENCE = 'exai-tests';

/** Gateways and workers as processes of their own around one database, one queue and one simulator. */
export class Rig {
  readonly gateways: Gateway[] = [];
  readonly workers: Worker[] = [];
  private readonly dataDir = temporaryDirectory();

  private constructor(
    private readonly databaseDir: string,
    private postgres: EmbeddedPostgres,
    private readonly queue: OpenBackend,
    readonly simulator: WatchedSimulator,
    private readonly env: Environment,
  ) {}

  static async open(
    backend: Backend,
    { gateways = 1, workers = 1, env = {} }: RigOptions = {},
  ): Promise<Rig> {
    const databaseDir = temporaryDirectory();
    const [postgres, queue, simulator] = await Promise.all([
      startEmbeddedPostgres({ dataDir: databaseDir }),
      backend.open(),
      watchSimulator(),
    ]);
    const own = typeof env === 'function' ? env(simulator) : env;
    const rig = new Rig(databaseDir, postgres, queue, simulator, own);
    try {
      // The first finds an empty schema; the others start together.
      if (gateways > 0) await rig.addGateway();
      await Promise.all([
        ...Array.from({ length: gateways - 1 }, () => rig.addGateway()),
        ...Array.from({ length: workers }, () => rig.addWorker()),
      ]);
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  get gateway(): Gateway {
    const [first] = this.gateways;
    if (!first) throw new Error('No gateway runs.');
    return first;
  }

  async addGateway(): Promise<Gateway> {
    const gateway = await startGateway(this.serverOptions());
    this.gateways.push(gateway);
    return gateway;
  }

  async addWorker(): Promise<Worker> {
    const worker = await startWorker(this.serverOptions());
    this.workers.push(worker);
    return worker;
  }

  /** For tests that look into the tables. */
  get databaseUrl(): string {
    return this.postgres.url;
  }

  /** Valid at every gateway of the rig. */
  token(options: TokenOptions = {}): string {
    return signToken({ dataDir: this.dataDir, audience: AUDIENCE }, options);
  }

  /** The queue forgets every job; the ledger does not. */
  loseQueue(): Promise<void> {
    return this.queue.loseEverything(this.postgres.url);
  }

  /** Kills the queue's server; the function that it resolves with starts an empty one in its place. */
  async interruptQueue(): Promise<() => Promise<void>> {
    if (!this.queue.interrupt) throw new Error('The server of this queue is not ours.');
    return this.queue.interrupt();
  }

  stopDatabase(): Promise<void> {
    return this.postgres.stop();
  }

  async startDatabase(): Promise<void> {
    this.postgres = await startEmbeddedPostgres({ dataDir: this.databaseDir, port: this.postgres.port });
  }

  async close(): Promise<void> {
    const servers: Server[] = [...this.gateways, ...this.workers];
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all([this.simulator.close(), this.queue.close(), this.postgres.stop()]);
    await removeDataDir(this.databaseDir);
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private serverOptions() {
    return {
      dataDir: this.dataDir,
      env: {
        DATABASE_URL: this.postgres.url,
        EXAI_JWT_AUDIENCE: AUDIENCE,
        ...this.simulator.env,
        ...this.queue.env,
        ...this.env,
      },
    };
  }
}

export interface RigOptions {
  readonly gateways?: number;
  readonly workers?: number;
  /** For every server; as a function when it needs to know where the simulator is. */
  readonly env?: Environment | ((simulator: WatchedSimulator) => Environment);
}

type Environment = Readonly<Record<string, string>>;
