import { createHash } from 'node:crypto';
import { type Principal } from './principal.js';

const MAX_TOKENS = 1_000;

/**
 * Tokens whose signature and claims were found right, so that a client that sends one with every request has it
 * checked once. Holds digests, never tokens; the oldest of more than 1,000 is forgotten. Whether a token is still
 * valid is for whoever asks to decide: time goes on, and nothing else about a token can change.
 */
export class VerifiedTokens {
  private readonly principals = new Map<string, Principal>();

  /** @returns what `remember` was given for this token */
  find(token: string): Principal | undefined {
    return this.principals.get(digestOf(token));
  }

  remember(token: string, principal: Principal): void {
    if (this.principals.size >= MAX_TOKENS) {
      const [oldest] = this.principals.keys();
      if (oldest !== undefined) this.principals.delete(oldest);
    }
    this.principals.set(digestOf(token), principal);
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
