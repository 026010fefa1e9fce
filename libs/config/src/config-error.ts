export interface ConfigFault {
  readonly variable: string;
  readonly problem: string;
  readonly expected: string;
}

/** All faults of a configuration at once, by variable name; never carries a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map((fault) => `  ${fault.variable}: ${fault.problem}; expected ${fault.expected}`);
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    super([`The configuration has ${count}:`, ...lines].join('\n'));
    this.faults = faults;
  }
}
