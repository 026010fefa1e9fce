import { rmSync } from 'node:fs';
import { openDatabase, type TestDatabase } from './database.js';
import { temporaryDirectory } from './paths.js';
import { type Backend, type OpenBackend } from './redis.js';
import { watchSimulator, type WatchedSimulator } from './simulator.js';
import { startGateway, startWorker, type Gateway, type Server, type Worker } from './standalone.js';
import { signToken, type TokenOptions } from './tokens.js';

const AUDIENCE = 'exai-tests';

/** Gateways and workers as processes of their own around one database, one queue and one simulator. */
export class Rig {
  readonly gateways: Gateway[] = [];
  readonly workers: Worker[] = [];
  private readonly dataDir = temporaryDirectory();

  private constructor(
    private readonly database: TestDatabase,
    private readonly queue: OpenBackend,
    readonly simulator: WatchedSimulator,
    private readonly env: Environment,
    private readonly scripts: Scripts,
  ) {}

  static async open(
    backend: Backend,
    { gateways = 1, workers = 1, env = {}, scripts = {}, ownDatabaseServer = false }: RigOptions = {},
  ): Promise<Rig> {
    const [database, queue, simulator] = await Promise.all([
      openDatabase({ ownServer: ownDatabaseServer }),
      backend.open(),
      watchSimulator(),
    ]);
    const own = typeof env === 'function' ? env(simulator) : env;
    const rig = new Rig(database, queue, simulator, own, scripts);
    try {
      await Promise.all([
        ...Array.from({ length: gateways }, () => rig.addGateway()),
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

  /** @param env of this one alone */
  async addGateway(env: Environment = {}): Promise<Gateway> {
    const gateway = await startGateway(this.serverOptions('gateway', env));
    this.gateways.push(gateway);
    return gateway;
  }

  async addWorker(): Promise<Worker> {
    const worker = await startWorker(this.serverOptions('worker'));
    this.workers.push(worker);
    return worker;
  }

  /** For tests that look into the tables. */
  get databaseUrl(): string {
    return this.database.url;
  }

  /** Valid at every gateway of the rig. */
  token(options: TokenOptions = {}): string {
    return signToken({ dataDir: this.dataDir, audience: AUDIENCE }, options);
  }

  /** The queue forgets every job; the ledger does not. */
  loseQueue(): Promise<void> {
    return this.queue.loseEverything(this.database.url);
  }

  /** Kills the queue's server; the function that it resolves with starts an empty one in its place. */
  async interruptQueue(): Promise<() => Promise<void>> {
    if (!this.queue.interrupt) throw new Error('The server of this queue is not ours.');
    return this.queue.interrupt();
  }

  /** This and the next two only of a rig that was opened with `ownDatabaseServer`. */
  stopDatabase(): Promise<void> {
    return this.database.stopServer();
  }

  /** SIGKILL: nothing is written any more, no connection is closed in an orderly way. */
  killDatabase(): Promise<void> {
    return this.database.killServer();
  }

  startDatabase(): Promise<void> {
    return this.database.startServer();
  }

  async close(): Promise<void> {
    const servers: Server[] = [...this.gateways, ...this.workers];
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all([this.simulator.close(), this.queue.close(), this.database.close()]);
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private serverOptions(process: keyof Scripts, env: Environment = {}) {
    const script = this.scripts[process];
    return {
      ...(script !== undefined && { script }),
      dataDir: this.dataDir,
      env: {
        DATABASE_URL: this.database.url,
        EXAI_JWT_AUDIENCE: AUDIENCE,
        ...this.simulator.env,
        ...this.queue.env,
        ...this.env,
        ...env,
      },
    };
  }
}

export interface RigOptions {
  readonly gateways?: number;
  readonly workers?: number;
  /** For every server; as a function when it needs to know where the simulator is. */
  readonly env?: Environment | ((simulator: WatchedSimulator) => Environment);
  readonly scripts?: Scripts;
  /** For a test that stops it: a PostgreSQL of the rig's own, on which the servers find no table yet. */
  readonly ownDatabaseServer?: boolean;
}

/** Programs in place of the product's own main files: the same servers with an extension. */
export interface Scripts {
  readonly gateway?: string;
  readonly worker?: string;
}

type Environment = Readonly<Record<string, string>>;
