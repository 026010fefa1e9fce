import { Metrics } from '#libs/observability';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { type BudgetDay, DailyBudget, dollars } from './daily-budget.js';

/** Shares of the budget that somebody should hear of, highest first. */
const WARN_AT = [1, 0.8];
const MEASURE_UNLIMITED_MS = 30_000;

/** Looks after the daily budget from the gateway: figures, warnings, reservations of dead workers. */
@Injectable()
export class BudgetWatch {
  private latest: BudgetDay | undefined;
  private measuredAt = 0;
  private warned: { readonly day: string; readonly share: number } | undefined;

  constructor(
    private readonly budget: DailyBudget,
    private readonly metrics: Metrics,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(BudgetWatch.name);
    if (budget.limitUsd !== undefined) metrics.budgetLimit.set(budget.limitUsd);
  }

  /** One round, called again and again. */
  async check(): Promise<void> {
    const { limitUsd } = this.budget;
    if (limitUsd === undefined && Date.now() - this.measuredAt < MEASURE_UNLIMITED_MS) return;
    if (limitUsd !== undefined) await this.budget.returnExpired();
    this.latest = await this.budget.today();
    this.measuredAt = Date.now();
    this.metrics.budgetSpent.set(this.latest.spentUsd);
    this.warnOnce(this.latest);
  }

  /** What a person should know about the budget now; undefined = nothing. */
  get advice(): string | undefined {
    const { limitUsd } = this.budget;
    const share = this.latest && this.shareReached(this.latest);
    if (limitUsd === undefined || !this.latest || share === undefined) return undefined;
    const { spentUsd, reservedUsd, msLeft } = this.latest;
    const hours = Math.ceil((msLeft - (Date.now() - this.measuredAt)) / 3_600_000);
    const held = reservedUsd > 0 ? ` and ${dollars(reservedUsd)} held for running calls` : '';
    return (
      `${dollars(spentUsd)} of today's ${dollars(limitUsd)} are spent${held}: raise EXAI_DAILY_BUDGET_USD, ` +
      `use models that cost nothing, or wait until midnight UTC (${hours} h).`
    );
  }

  private shareReached({ spentUsd, reservedUsd }: BudgetDay): number | undefined {
    const { limitUsd } = this.budget;
    if (limitUsd === undefined) return undefined;
    return WARN_AT.find((share) => spentUsd + reservedUsd >= limitUsd * share);
  }

  private warnOnce(today: BudgetDay): void {
    const share = this.shareReached(today);
    if (share === undefined) return;
    if (this.warned?.day === today.day && this.warned.share >= share) return;
    this.warned = { day: today.day, share };
    const { spentUsd, reservedUsd } = today;
    const facts = { spentUsd, reservedUsd, limitUsd: this.budget.limitUsd };
    this.logger[share === 1 ? 'error' : 'warn'](facts, `the daily budget is used to ${share * 100} %`);
  }
}
