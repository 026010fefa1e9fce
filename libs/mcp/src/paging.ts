import { ExaiError } from '#libs/errors';

/** Some clients read the first page only, so a page holds everything of the product's own. */
const PAGE_SIZE = 100;

interface Position {
  readonly offset: number;
  readonly version: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Present when there is more. */
  readonly nextCursor?: string;
}

/**
 * One page of a list.
 * @param version of the list: a cursor of another version would skip or repeat entries
 * @throws ExaiError INVALID_PARAMS for a cursor that is not of this list and version
 */
export function pageOf<T>(all: readonly T[], cursor: string | undefined, version: string): Page<T> {
  const start = cursor === undefined ? 0 : offsetOf(cursor, version, all.length);
  const end = start + PAGE_SIZE;
  const items = start === 0 && end >= all.length ? all : all.slice(start, end);
  return end < all.length ? { items, nextCursor: cursorOf({ offset: end, version }) } : { items };
}

function cursorOf(position: Position): string {
  return Buffer.from(JSON.stringify([position.offset, position.version])).toString('base64url');
}

function offsetOf(cursor: string, version: string, length: number): number {
  const [offset, ofVersion] = parts(cursor);
  const isInside = typeof offset === 'number' && Number.isInteger(offset) && offset > 0 && offset < length;
  if (isInside && ofVersion === version && cursor === cursorOf({ offset, version })) return offset;
  throw new ExaiError('INVALID_PARAMS', {
    field: 'cursor',
    reason: 'it is none of this list, or the list has changed; begin again without a cursor',
  });
}

function parts(cursor: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
