import { ExaiError } from '#libs/errors';
import { type ToolCall } from '#libs/tools';
import { type Pool } from 'pg';
import { argumentsHash } from './arguments-hash.js';
import { againAfterDeadlock } from './deadlock.js';
import { acceptColumns } from './ledger-rows.js';
import { SQL } from './ledger-statements.js';
import { TickBatch } from './tick-batch.js';

/** The call that has a key already. */
export interface EarlierCall {
  readonly id: string;
  readonly correlationId: string;
}

interface KeyedCall {
  readonly call: ToolCall;
  readonly key: string;
  readonly hash: Buffer;
}

interface HolderRow extends EarlierCall {
  readonly hash: Buffer;
}

/** A key is free again when its call ends in between; that it does so this often means that something is wrong. */
const MAX_TRIES = 5;

/**
 * Accepts calls that carry an idempotency key. The insert itself decides: of any number of gateways that get the same
 * call at once, one writes the row and the others find it.
 */
export class KeyedCalls {
  private readonly accepts = new TickBatch<KeyedCall, boolean>((calls) => this.acceptAll(calls));

  constructor(private readonly pool: Pool) {}

  /**
   * Resolves when the row is committed, as `CallLedger.accept`.
   * @returns the call that stands for this one, when its key is in use; then nothing was written
   * @throws ExaiError IDEMPOTENCY_CONFLICT when that one is of another tool or has other arguments
   */
  async accept(call: ToolCall, key: string): Promise<EarlierCall | undefined> {
    const keyed = { call, key, hash: argumentsHash(call) };
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (await this.accepts.add(keyed)) return undefined;
      const holder = await this.holderOf(keyed);
      if (holder?.hash.equals(keyed.hash)) return { id: holder.id, correlationId: holder.correlationId };
      if (holder) throw new ExaiError('IDEMPOTENCY_CONFLICT');
    }
    throw new ExaiError('STORE_UNAVAILABLE');
  }

  private async holderOf({ call: { principal }, key }: KeyedCall): Promise<HolderRow | undefined> {
    const values = [principal.tenant, principal.subject, key];
    const { rows } = await this.pool.query<HolderRow>({ name: 'keyed-holder', text: SQL.keyHolder, values });
    return rows[0];
  }

  private async acceptAll(calls: readonly KeyedCall[]): Promise<boolean[]> {
    // Everybody takes the keys in one order, so that two batches never wait for each other.
    const ordered = [...calls].sort((a, b) => (a.key < b.key ? -1 : 1));
    const values = [
      ...acceptColumns(ordered.map(({ call }) => call)),
      ordered.map(({ key }) => key),
      ordered.map(({ hash }) => hash.toString('hex')),
    ];
    const statement = { name: 'keyed-accept', text: SQL.acceptKeyed, values };
    const { rows } = await againAfterDeadlock(() => this.pool.query<{ id: string }>(statement));
    const accepted = new Set(rows.map(({ id }) => id));
    return calls.map(({ call }) => accepted.has(call.id));
  }
}
