/** A caller's signal, followed until the caller goes on without its call. */
export class CallerLink {
  private readonly controller = new AbortController();
  private readonly onAbort = (): void => this.controller.abort(this.caller.reason);

  constructor(private readonly caller: AbortSignal) {
    if (caller.aborted) this.onAbort();
    else caller.addEventListener('abort', this.onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From now on the caller's signal means nothing. */
  cut(): void {
    this.caller.removeEventListener('abort', this.onAbort);
  }
}
