import { createHash } from 'node:crypto';
import { type ToolCall } from '#libs/tools';

/** SHA-256 of what a call asks for; the order of the members of its objects does not count. */
export function argumentsHash({ tool, args }: Pick<ToolCall, 'tool' | 'args'>): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([tool, args], sorted))
    .digest();
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
