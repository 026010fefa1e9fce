import { AsyncLocalStorage } from 'node:async_hooks';

export interface RequestContext {
  /** Call id, or the client's trace id; one id finds everything about one call. */
  readonly correlationId: string;
  readonly callId?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that every log line written inside it carries the ids of `context`. */
export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}
