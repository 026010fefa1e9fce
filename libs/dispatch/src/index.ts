export { AdmissionControl } from './admission-control.js';
export { BudgetWatch } from './budget-watch.js';
export { CallEnding } from './call-ending.js';
export { CallLedger } from './call-ledger.js';
export { CallQueue } from './call-queue.js';
export { type CallReport, type CallState } from './call-state.js';
export { CallStoreModule, DispatchConsumerModule, DispatchProducerModule } from './dispatch.module.js';
export { type BudgetDay, DailyBudget, dollars } from './daily-budget.js';
export { LAZY_POOL } from './lazy-pool.js';
export { Reconciler } from './reconciler.js';
export { ToolCallProcessor } from './tool-call.processor.js';
export {
  CALLER_GONE,
  ToolDispatcher,
  type DispatchedOutcome,
  type DispatchOptions,
} from './tool-dispatcher.js';
