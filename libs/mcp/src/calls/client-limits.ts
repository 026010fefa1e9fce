/** How long one kind of client waits for the answer to a call. */
export interface ClientLimit {
  /** Of the name by which the client introduces itself. */
  readonly name: RegExp;
  /** Absent = as long as it takes. */
  readonly callMs?: number;
  /** Progress does not make it wait longer. */
  readonly isFixed?: true;
}

/** The defaults of clients in the field, which their users may have changed: `EXAI_CLIENT_DEADLINE_MS` says so. */
const CLIENT_LIMITS: readonly ClientLimit[] = [
  // It gives up on silence only, and then after five minutes at the earliest.
  { name: /^claude-code\b/i },
  { name: /^(claude-ai|claude desktop)\b/i, callMs: 60_000, isFixed: true },
  { name: /^codex\b/i, callMs: 60_000, isFixed: true },
  { name: /^cline\b/i, callMs: 60_000, isFixed: true },
  { name: /^gemini-cli\b/i, callMs: 600_000 },
  { name: /^opencode\b/i, callMs: 30_000 },
  { name: /^exai-cli\b/i },
];

/** What the SDKs do without being told otherwise. */
const UNKNOWN: ClientLimit = { name: /^/, callMs: 60_000 };

/** @param name as in the client's `clientInfo`; a proxy may have added itself at its end */
export function limitOf(name: string): ClientLimit {
  return CLIENT_LIMITS.find((limit) => limit.name.test(name)) ?? UNKNOWN;
}
