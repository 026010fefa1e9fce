interface Flight<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export interface Landed<T> {
  readonly value: T;
  /** Somebody else had begun the work. */
  readonly shared: boolean;
}

/** Work that is asked for several times at once is done once. It ends early only when nobody waits for it any more. */
export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /** @param work must not use what belongs to its first caller: that one may leave before the others */
  async run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<Landed<T>> {
    signal.throwIfAborted();
    const known = this.flights.get(key);
    const flight = known ?? this.begin(key, work);
    flight.waiting += 1;
    try {
      return { value: await untilAborted(flight.promise, signal), shared: known !== undefined };
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        this.forget(key, flight);
        flight.controller.abort(signal.reason);
      }
    }
  }

  private begin(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const promise = work(controller.signal).finally(() => this.forget(key, flight));
    // Whoever waits hears of a failure; without anybody it is nobody's.
    promise.catch(() => undefined);
    const flight: Flight<T> = { promise, controller, waiting: 0 };
    this.flights.set(key, flight);
    return flight;
  }

  private forget(key: string, flight: Flight<T>): void {
    if (this.flights.get(key) === flight) this.flights.delete(key);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
