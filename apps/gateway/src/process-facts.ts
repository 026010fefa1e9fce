/** What a gateway knows about the program it belongs to. */
export interface ProcessFacts {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** True when this program started its PostgreSQL itself. */
  readonly embeddedDatabase: boolean;
}

export const PROCESS_FACTS = Symbol('PROCESS_FACTS');
