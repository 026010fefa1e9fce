import { z } from 'zod';
import { readPlan, unrollSteps, type Step } from './plan.js';
import { parseBody } from './request.js';
import { parseScript, ScriptError } from './script.js';
import type { Settings } from './settings.js';

export interface Scripted {
  readonly step: Step;
  readonly settings: Settings;
}

interface Queued extends Scripted {
  readonly forModel: string | undefined;
}

const CAPACITY = 10_000;

const controlSchema = z.object({
  script: z.array(z.string()).min(1),
  forModel: z.string().min(1).optional(),
});

/** Behaviours waiting for the next requests, set through `POST /__control`. */
export class ControlQueue {
  private readonly queue: Queued[] = [];

  /** Returns the number of requests now scripted. */
  add(body: unknown): number {
    const { script, forModel } = parseBody(controlSchema, body);
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
    if (this.queue.length === 0) return undefined;
    const index = this.queue.findIndex(
      (queued) => queued.forModel === undefined || queued.forModel === model,
    );
    return index < 0 ? undefined : this.queue.splice(index, 1)[0];
  }

  clear(): void {
    this.queue.length = 0;
  }
}
