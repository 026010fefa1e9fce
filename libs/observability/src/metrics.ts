import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';

/** 5 ms to 300 s: from an inline tool to the longest model answers. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
  new Counter({ name: `exai_${name}`, help, labelNames });
const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
  new Gauge({ name: `exai_${name}`, help, labelNames });
const seconds = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
  new Histogram({ name: `exai_${name}_seconds`, help, labelNames, buckets: SECONDS });

/**
 * Every metric of the product, once. Labels are closed lists (tool, provider, model, code, state), never ids;
 * none is computed by I/O, so that a scrape answers while database, queue and providers are down.
 */
@Injectable()
export class Metrics {
  readonly callsAccepted = counter('calls_accepted_total', 'Calls taken on.', ['tool']);
  readonly callsFinished = counter('calls_finished_total', 'Calls that ended.', ['tool', 'outcome', 'code']);
  readonly callsInFlight = gauge('calls_in_flight', 'Calls this process waits for or runs.', ['role']);
  readonly callsShed = counter('calls_shed_total', 'Calls refused before they were taken on.', ['reason']);
  readonly callDuration = seconds('call_duration', 'From acceptance to the terminal state.', ['tool']);
  readonly callQueueWait = seconds('call_queue_wait', 'From acceptance to the first attempt.', ['tool']);
  readonly callAttempts = counter('call_attempts_total', 'Attempts, by how they ended.', ['reason']);
  readonly callsWoken = counter('calls_woken_total', 'Put back for want of a place, and called early.', [
    'provider',
  ]);
  readonly callStaleResults = counter('call_stale_results_total', 'Results that lost the fence.', []);
  readonly callReenqueued = counter('call_reenqueued_total', 'Jobs put back by the reconciler.', ['reason']);
  readonly waiters = gauge('waiter_count', 'Callers waiting in this process.', []);
  readonly waitersSwept = counter('waiter_swept_total', 'Answers found by the sweep, not the wake-up.', []);
  readonly queueDepth = gauge('queue_depth', 'Jobs in the queue.', ['state']);
  readonly queueForgedJobs = counter('queue_forged_jobs_total', 'Jobs without a ledger row.', []);
  readonly providerRequests = counter('provider_requests_total', 'Requests to providers.', [
    'provider',
    'model',
    'code',
  ]);
  readonly providerDuration = seconds('provider_request_duration', 'One request to a provider.', [
    'provider',
    'model',
  ]);
  readonly providerTokens = counter('provider_tokens_total', 'Tokens used.', [
    'provider',
    'model',
    'direction',
  ]);
  readonly providerFirstToken = seconds('provider_first_token', 'Until the first part of an answer.', [
    'provider',
    'model',
  ]);
  readonly providerRetries = counter('provider_retries_total', 'Further attempts of calls.', [
    'provider',
    'model',
  ]);
  readonly providerCircuit = gauge('provider_circuit_state', '0 closed, 1 half-open, 2 open.', [
    'provider',
    'model',
  ]);
  readonly providerCost = counter('provider_cost_usd_total', 'US dollars, by the price list.', [
    'provider',
    'model',
  ]);
  readonly routeDecisions = counter('route_decisions_total', 'Models chosen, by why.', [
    'reason',
    'provider',
  ]);
  readonly budgetSpent = gauge('budget_spent_usd', 'US dollars spent since midnight UTC.', []);
  readonly budgetLimit = gauge('budget_limit_usd', 'US dollars that a day may cost.', []);
  readonly connections = gauge('connections', 'Open MCP connections and sessions.', ['transport']);
  readonly connectionsClosed = counter('connections_closed_total', 'Connections that ended.', [
    'transport',
    'code',
  ]);
  readonly authAttempts = counter('auth_attempts_total', 'Credentials checked.', ['result']);
  readonly errors = counter('errors_total', 'Errors reported.', ['code', 'category', 'retryable']);
  readonly checkUp = gauge('check_up', 'Health checks, 1 = up.', ['check']);
  readonly ready = gauge('ready', 'Readiness, 1 = ready.', []);
  readonly buildInfo = gauge('build_info', 'Always 1; the version is a label.', ['version', 'process']);
  readonly unhandled = counter('unhandled_total', 'Errors that nobody caught.', ['kind']);
}
