export { AdmissionControl } from './admission-control.js';
export { argumentsHash } from './arguments-hash.js';
export { BudgetWatch } from './budget-watch.js';
export { CallEnding, type CallIds } from './call-ending.js';
export { CALLER_GONE } from './caller-wait.js';
export { type Change, type ChangeOwner } from './change.js';
export { type ChangeListener, Changes } from './changes.js';
export { CallLedger } from './call-ledger.js';
export { CallQueue } from './call-queue.js';
export { type CallReport, type CallState } from './call-state.js';
export { CallWaiters } from './call-waiters.js';
export {
  CallStoreModule,
  CallWaitModule,
  DispatchConsumerModule,
  DispatchProducerModule,
} from './dispatch.module.js';
export { type BudgetDay, DailyBudget, dollars } from './daily-budget.js';
export { type AskedCall, type Dispatched, type DispatchedOutcome, type PendingCall } from './dispatched.js';
export { type EarlierCall } from './keyed-calls.js';
export { LAZY_POOL } from './lazy-pool.js';
export { Reconciler } from './reconciler.js';
export { ToolCallProcessor } from './tool-call.processor.js';
export { type StandingWait } from './standing-calls.js';
export { type AcceptOptions, type DispatchOptions, ToolDispatcher } from './tool-dispatcher.js';
