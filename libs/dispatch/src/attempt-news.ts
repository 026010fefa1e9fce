import { type CallProgress, type ToolCall } from '#libs/tools';
import { type CallSignals } from './call-signals.js';
import { DeltaBuffer } from './delta-buffer.js';

let told = 0;

/** What one attempt tells whoever waits for its call, in the order in which it happens. */
export class AttemptNews {
  private readonly deltas = new DeltaBuffer((text) => this.publish({ kind: 'delta', text }));
  private hasTold = false;
  private hasDelta = false;

  constructor(
    private readonly signals: CallSignals,
    private readonly call: Pick<ToolCall, 'id' | 'parentId'>,
  ) {}

  /** Text of the answer has reached the caller. */
  get deltaSent(): boolean {
    return this.hasDelta;
  }

  readonly tell = (progress: CallProgress): void => {
    if (progress.kind !== 'delta') {
      this.deltas.flush();
      this.publish(progress);
      return;
    }
    // The answers of members would run into one another.
    if (this.call.parentId !== undefined) return;
    this.hasDelta = true;
    this.deltas.push(progress.text);
  };

  /** Resolves when all of it has left, so that the end of the call cannot overtake it. */
  async delivered(): Promise<void> {
    this.deltas.flush();
    if (this.hasTold) await this.signals.sent();
  }

  /** Whoever waits, waits for the call that asks. */
  private publish(progress: CallProgress): void {
    const { id, parentId = id } = this.call;
    this.hasTold = true;
    this.signals.publish({ progress: { id: parentId, no: (told += 1), ...progress } });
  }
}
