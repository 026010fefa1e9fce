import { type Scope } from './scopes.js';

/** Who is calling, taken from the verified credential and from nothing else. */
export interface Principal {
  readonly tenant: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Ids or aliases of the only models it may use; absent = all. */
  readonly models?: readonly string[];
  /** USD one call may cost at most; absent = no limit. */
  readonly maxCostUsd?: number;
  /** Seconds since the epoch; the connection ends soon after. Infinity without a token. */
  readonly expiresAt: number;
}

export function hasScope(principal: Pick<Principal, 'scopes'>, scope: Scope): boolean {
  return principal.scopes.includes(scope);
}

/** `tools:call` allows every tool, `tools:call:<tool>` exactly that one; there is no wildcard. */
export function mayCall(principal: Pick<Principal, 'scopes'>, tool: string): boolean {
  return principal.scopes.includes('tools:call') || principal.scopes.includes(`tools:call:${tool}`);
}
