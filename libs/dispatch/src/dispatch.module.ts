import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { InlineToolRunner, ToolCatalogModule, ToolEnginesModule } from '#libs/tools';
import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule, type ModuleMetadata, type Provider } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { type Queue } from 'bullmq';
import { PinoLogger } from 'nestjs-pino';
import { type Pool } from 'pg';
import { type DataSource } from 'typeorm';
import { AdmissionControl } from './admission-control.js';
import { AttemptRunner } from './attempt-runner.js';
import { BudgetWatch } from './budget-watch.js';
import { CallEnding } from './call-ending.js';
import { CallLedger, type JobTicket } from './call-ledger.js';
import { CallQuestions } from './call-questions.js';
import { CallQueue, queueConnection, TOOL_CALLS_QUEUE } from './call-queue.js';
import { CallSignals } from './call-signals.js';
import { CallWaiters } from './call-waiters.js';
import { CallerWait } from './caller-wait.js';
import { Changes } from './changes.js';
import { DailyBudget } from './daily-budget.js';
import { JobHandOver } from './job-hand-over.js';
import { KeyedCalls } from './keyed-calls.js';
import { LAZY_POOL, openLazyPool } from './lazy-pool.js';
import { LedgerMemberCalls } from './ledger-member-calls.js';
import { PostponedCalls } from './postponed-calls.js';
import { PostgresCallSignals } from './postgres-call-signals.js';
import { Reconciler } from './reconciler.js';
import { unsafeEvictionPolicy } from './redis-eviction.js';
import { RedisCallSignals } from './redis-call-signals.js';
import { RunningAttempts } from './running-attempts.js';
import { StandingCalls } from './standing-calls.js';
import { TerminalWriter } from './terminal-writer.js';
import { ToolCallProcessor } from './tool-call.processor.js';
import { ToolDispatcher } from './tool-dispatcher.js';
import { WaitingParents } from './waiting-parents.js';

const QUEUE_MODULES = [
  BullModule.forRootAsync({
    inject: [CONFIG],
    useFactory: (config: Config) => ({ connection: queueConnection(config) }),
  }),
  BullModule.registerQueue({ name: TOOL_CALLS_QUEUE }),
];

const STORE: Provider[] = [
  { provide: LAZY_POOL, inject: [CONFIG, PinoLogger], useFactory: openLazyPool },
  { provide: CallSignals, inject: [CONFIG, PinoLogger], useFactory: openSignals },
  {
    provide: CallLedger,
    inject: [getDataSourceToken(), LAZY_POOL, CallSignals],
    useFactory: (dataSource: DataSource, lazyPool: Pool, signals: CallSignals) =>
      new CallLedger(poolOf(dataSource), lazyPool, signals.ledgerChannel),
  },
  {
    provide: CallQuestions,
    inject: [getDataSourceToken(), CallSignals, CONFIG],
    useFactory: (dataSource: DataSource, signals: CallSignals, config: Config) =>
      new CallQuestions(poolOf(dataSource), signals.ledgerChannel, config.limits.maxCallMs),
  },
  Changes,
  DailyBudget,
  BudgetWatch,
  {
    provide: CallQueue,
    inject: [getQueueToken(TOOL_CALLS_QUEUE), CONFIG, PinoLogger],
    useFactory: openQueue,
  },
];

/** What both halves need: the ledger, the budget, the queue and the signals between processes. */
@Module({
  imports: QUEUE_MODULES,
  providers: STORE,
  exports: [CallLedger, CallQueue, CallQuestions, CallSignals, Changes, DailyBudget, BudgetWatch, LAZY_POOL],
})
export class CallStoreModule {}

/** Waits of a gateway, whoever of it waits. */
@Module({ imports: [CallStoreModule], providers: [CallWaiters], exports: [CallWaiters] })
export class CallWaitModule {}

/** The gateway's half. */
@Module({})
export class DispatchProducerModule {
  /** @param imports the module that provides `SystemView`, which inline tools answer from */
  static forRoot(imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    return {
      module: DispatchProducerModule,
      imports: [CallStoreModule, CallWaitModule, ToolCatalogModule, ...imports],
      providers: [
        CallEnding,
        AdmissionControl,
        CallerWait,
        JobHandOver,
        StandingCalls,
        Reconciler,
        InlineToolRunner,
        ToolDispatcher,
        {
          provide: KeyedCalls,
          inject: [getDataSourceToken()],
          useFactory: (dataSource: DataSource) => new KeyedCalls(poolOf(dataSource)),
        },
      ],
      exports: [CallStoreModule, ToolDispatcher, AdmissionControl, CallEnding, Reconciler],
    };
  }
}

/** The worker's half. */
@Module({
  imports: [CallStoreModule, ToolCatalogModule, ToolEnginesModule],
  providers: [
    CallEnding,
    RunningAttempts,
    TerminalWriter,
    LedgerMemberCalls,
    AttemptRunner,
    PostponedCalls,
    WaitingParents,
    ToolCallProcessor,
  ],
  exports: [CallStoreModule, ToolCallProcessor],
})
export class DispatchConsumerModule {}

async function openQueue(queue: Queue<JobTicket>, config: Config, logger: PinoLogger): Promise<CallQueue> {
  // An error event that nobody hears would end the process.
  queue.on('error', (error) => logger.debug({ err: error }, 'queue connection'));
  const { redisUrl, attempts } = config.queue;
  const policy = redisUrl === undefined ? undefined : await unsafeEvictionPolicy(redisUrl);
  if (policy !== undefined) {
    const error = new ExaiError('QUEUE_UNSAFE_EVICTION', { policy });
    if (config.server.environment === 'production') throw error;
    logger.error(`${error.message} ${error.hint}`);
  }
  return new CallQueue(queue, attempts, policy);
}

async function openSignals(config: Config, logger: PinoLogger): Promise<CallSignals> {
  const { redisUrl } = config.queue;
  const onError = (error: unknown) => logger.debug({ err: error }, 'signal connection');
  const signals =
    redisUrl === undefined
      ? new PostgresCallSignals(config.database.url ?? '', onError)
      : new RedisCallSignals(redisUrl, onError);
  try {
    await signals.start();
  } catch (error) {
    const code = redisUrl === undefined ? 'STORE_UNAVAILABLE' : 'QUEUE_UNAVAILABLE';
    throw new ExaiError(code, {}, { cause: error });
  }
  return signals;
}

/** The pool that TypeORM keeps; the ledger's prepared statements go through it. */
function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}
