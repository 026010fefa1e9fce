import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { CallEnding, type CallIds } from './call-ending.js';
import { type Wait, type WaitResult } from './call-waiters.js';

/** Reason of an abort that ends the wait but not the call. */
export const CALLER_GONE = Symbol('caller gone');

/** Waits on behalf of a caller, who may leave or cancel meanwhile. */
@Injectable()
export class CallerWait {
  constructor(
    private readonly ending: CallEnding,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(CallerWait.name);
  }

  /** @param signal aborted with `CALLER_GONE`, only the wait ends; with anything else the call is cancelled */
  async result(call: CallIds, wait: Wait, signal: AbortSignal): Promise<WaitResult> {
    const onAbort = () => this.onAbort(call, wait, signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await wait.result;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private onAbort(call: CallIds, wait: Wait, reason: unknown): void {
    if (reason === CALLER_GONE) {
      wait.detach();
    } else {
      // The terminal row wakes the wait, as every other end does.
      this.ending
        .cancel(call)
        .catch((error: unknown) => this.logger.warn({ err: error, callId: call.id }, 'cancel failed'));
    }
  }
}
