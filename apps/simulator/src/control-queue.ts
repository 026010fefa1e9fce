import { readPlan, unrollSteps, type Step } from './plan.js';
import { parseScript, ScriptError } from './script.js';
import type { Settings } from './settings.js';

export interface Scripted {
  readonly step: Step;
  readonly settings: Partial<Settings>;
}

interface Queued extends Scripted {
  readonly forModel: string | undefined;
}

const CAPACITY = 10_000;

/** Behaviours waiting for the next requests, set through `POST /__control`. */
export class ControlQueue {
  private readonly queue: Queued[] = [];

  /** Returns the number of requests now scripted. */
  add(script: readonly string[], forModel: string | undefined): number {
    const added = script.flatMap((entry) => {
      const plan = readPlan(parseScript(entry));
      return unrollSteps(plan).map((step) => ({ step, settings: plan.settings, forModel }));
    });
    if (this.queue.length + added.length > CAPACITY) {
      throw new ScriptError(`more than ${CAPACITY} queued behaviours.`);
    }
    return this.queue.push(...added);
  }

  take(model: string): Scripted | undefined {
    return this.takeFirst(({ forModel }) => forModel === undefined || forModel === model);
  }

  /** Only what names the path: a health check must not use up what was meant for a chat. */
  takeFor(path: string): Scripted | undefined {
    return this.takeFirst(({ forModel }) => forModel === path);
  }

  clear(): void {
    this.queue.length = 0;
  }

  private takeFirst(suits: (queued: Queued) => boolean): Scripted | undefined {
    if (this.queue.length === 0) return undefined;
    const index = this.queue.findIndex(suits);
    return index < 0 ? undefined : this.queue.splice(index, 1)[0];
  }
}
