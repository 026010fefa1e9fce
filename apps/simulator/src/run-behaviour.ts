import type { Answer } from './answer.js';
import type { Dialect } from './dialect.js';
import { Exchange, type Surroundings } from './exchange.js';
import type { Step } from './plan.js';
import type { Arrival } from './reception.js';
import type { ChatRequest } from './request.js';
import type { RequestLogEntry } from './request-log.js';
import type { Settings } from './settings.js';

export interface Performance {
  readonly step: Step;
  readonly settings: Settings;
  readonly request: ChatRequest;
  readonly answer: Answer;
  readonly dialect: Dialect;
  readonly surroundings: Surroundings;
}

/** Lets a behaviour answer one request, to its end or to the end of the connection. */
export async function runBehaviour(
  { step, ...parts }: Performance,
  { response, connection }: Arrival,
  entry: RequestLogEntry,
): Promise<void> {
  const exchange = new Exchange(parts, response, entry, connection);
  try {
    await exchange.pause(parts.settings.latencyMs);
    await step.behaviour.run(exchange, step.args, step.text);
  } catch (error) {
    // Whatever waits on a connection rejects when it is gone; that is how a behaviour ends early.
    if (!connection.aborted) throw error;
  }
}
