import { CONFIG, type Config } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { type CostEstimate, type Settlement, type Spending } from '#libs/tools';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type Pool, type QueryResultRow } from 'pg';
import { BUDGET_SQL } from './budget-statements.js';
import { LAZY_POOL } from './lazy-pool.js';

/** After its deadline a call has this long to settle; then its worker counts as dead. */
const SETTLE_GRACE_MS = 15_000;
/** Settlements and sums are written this long after the first of them: no call waits for that. */
const FLUSH_MS = 100;
const FLUSH_UNLIMITED_MS = 2_000;

export interface SpendingCall {
  readonly id: string;
  readonly fence: number;
  readonly remainingMs: number;
}

/** What a day of UTC has cost so far. */
export interface BudgetDay {
  /** YYYY-MM-DD */
  readonly day: string;
  readonly spentUsd: number;
  /** Held for requests that run. */
  readonly reservedUsd: number;
  readonly msLeft: number;
}

/**
 * Keeps the calls of all workers together below the day's budget: each request reserves its estimated cost in
 * PostgreSQL before it is sent, and settles the true one afterwards. A request may cost more than was estimated, so
 * the last ones of a day can pass the limit by that difference. Without a budget nothing is reserved; what was spent
 * is still summed, a few seconds late.
 */
@Injectable()
export class DailyBudget implements BeforeApplicationShutdown {
  readonly limitUsd: number | undefined;
  private settlements: { id: string; usd: number }[] = [];
  private sums = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(LAZY_POOL) private readonly pool: Pool,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(DailyBudget.name);
    this.limitUsd = config.providers.dailyBudgetUsd;
  }

  /** The account of one attempt. */
  spendingOf(call: SpendingCall): Spending {
    return { reserve: (estimate) => this.reserve(call, estimate) };
  }

  async today(): Promise<BudgetDay> {
    const [row] = await this.query<QueryResultRow & BudgetDay>('budget-today', BUDGET_SQL.today, []);
    if (!row) throw new ExaiError('INTERNAL', { reason: 'the database knows no day' });
    return row;
  }

  /** Gives back what dead workers held; the prompts they had sent count as spent. */
  async returnExpired(): Promise<void> {
    await this.query('budget-return', BUDGET_SQL.returnExpired, []);
  }

  /** Before the pools close. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
    clearTimeout(this.timer);
  }

  private async reserve(call: SpendingCall, { usd, inputUsd }: CostEstimate): Promise<Settlement> {
    const { limitUsd } = this;
    if (limitUsd === undefined) return once((spent) => this.add(spent));
    const lifeMs = call.remainingMs + SETTLE_GRACE_MS;
    const values = [call.id, call.fence, usd, inputUsd, limitUsd, lifeMs];
    const [row] = await this.query<{ id: string }>('budget-reserve', BUDGET_SQL.reserve, values);
    if (!row) throw await this.refusal(usd, limitUsd);
    return once((spent) => this.settle(row.id, spent));
  }

  private async refusal(usd: number, limitUsd: number): Promise<ExaiError> {
    const { spentUsd, reservedUsd, msLeft } = await this.today();
    return new ExaiError('QUOTA_EXCEEDED', {
      reason:
        `this call may cost ${dollars(usd)}; of the ${dollars(limitUsd)} for today ` +
        `${dollars(spentUsd)} are spent and ${dollars(reservedUsd)} held for running calls`,
      variable: 'EXAI_DAILY_BUDGET_USD',
      retryAfterMs: Math.ceil(msLeft),
    });
  }

  private settle(id: string, usd: number): void {
    this.settlements.push({ id, usd });
    this.flushIn(FLUSH_MS);
  }

  private add(usd: number): void {
    const day = new Date().toISOString().slice(0, 10);
    this.sums.set(day, (this.sums.get(day) ?? 0) + usd);
    this.flushIn(FLUSH_UNLIMITED_MS);
  }

  private flushIn(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush();
    }, ms);
  }

  /** What the database does not take now is offered again; a settlement that it took twice counts once. */
  private async flush(): Promise<void> {
    const { settlements, sums } = this;
    this.settlements = [];
    this.sums = new Map();
    if (settlements.length > 0) {
      const columns = [settlements.map(({ id }) => id), settlements.map(({ usd }) => usd)];
      await this.write('budget-settle', BUDGET_SQL.settle, columns, () => {
        this.settlements.unshift(...settlements);
      });
    }
    if (sums.size > 0) {
      await this.write('budget-add', BUDGET_SQL.add, [[...sums.keys()], [...sums.values()]], () => {
        for (const [day, usd] of sums) this.sums.set(day, (this.sums.get(day) ?? 0) + usd);
      });
    }
  }

  private async write(name: string, text: string, values: unknown[], keep: () => void): Promise<void> {
    try {
      await this.query(name, text, values);
    } catch (error) {
      this.logger.warn({ err: error }, 'the database did not take what calls cost; holding it');
      keep();
      this.flushIn(FLUSH_UNLIMITED_MS);
    }
  }

  private async query<R extends QueryResultRow>(name: string, text: string, values: unknown[]): Promise<R[]> {
    return (await this.pool.query<R>({ name, text, values })).rows;
  }
}

function once(settle: (usd: number) => void): Settlement {
  let settled = false;
  return {
    settle: (usd) => {
      if (settled || !(usd >= 0)) return;
      settled = true;
      settle(usd);
    },
  };
}

/** Small amounts with more decimals: single calls cost fractions of a cent. */
export function dollars(usd: number): string {
  return `$${usd.toFixed(usd === 0 || usd >= 1 ? 2 : usd >= 0.001 ? 4 : 6)}`;
}
