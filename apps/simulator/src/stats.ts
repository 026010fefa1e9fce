/** How many requests there were, and how many at once. */
export interface Load {
  requests: number;
  inFlight: number;
  peakInFlight: number;
}

export interface StatsReport extends Load {
  readonly byModel: Readonly<Record<string, Load>>;
}

const MOST_MODELS = 2_000;

/** Counts chat requests as they come and go; the oracle for limits on concurrency. */
export class Stats {
  private readonly all = newLoad();
  private readonly byModel = new Map<string, Load>();

  /** Returns what to call when the request is over. */
  begin(model: string): () => void {
    const loads = [this.all, this.loadOf(model)];
    for (const load of loads) {
      load.requests += 1;
      load.inFlight += 1;
      if (load.inFlight > load.peakInFlight) load.peakInFlight = load.inFlight;
    }
    return () => {
      for (const load of loads) load.inFlight -= 1;
    };
  }

  report(): StatsReport {
    return { ...this.all, byModel: Object.fromEntries(this.byModel) };
  }

  /** Starts counting anew; requests under way count towards the peak still. */
  clear(): void {
    for (const [model, load] of this.byModel) {
      if (load.inFlight === 0) this.byModel.delete(model);
    }
    for (const load of [this.all, ...this.byModel.values()]) {
      load.requests = 0;
      load.peakInFlight = load.inFlight;
    }
  }

  private loadOf(model: string): Load {
    const known = this.byModel.get(model);
    if (known) return known;
    const load = newLoad();
    // Beyond that only the total counts.
    if (this.byModel.size < MOST_MODELS) this.byModel.set(model, load);
    return load;
  }
}

function newLoad(): Load {
  return { requests: 0, inFlight: 0, peakInFlight: 0 };
}
