import type { Plan } from './plan.js';

/** Plans that hold for every request, or for every one of a model, until they are taken back: outages. */
export class StandingPlans {
  private forAll: Plan | undefined;
  private readonly byModel = new Map<string, Plan>();

  set(plan: Plan | undefined, model: string | undefined): void {
    if (model === undefined) this.forAll = plan;
    else if (plan) this.byModel.set(model, plan);
    else this.byModel.delete(model);
  }

  find(model: string): Plan | undefined {
    return this.byModel.get(model) ?? this.forAll;
  }

  clear(): void {
    this.forAll = undefined;
    this.byModel.clear();
  }
}
