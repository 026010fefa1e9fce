import { ExaiError } from '#libs/errors';
import { QueryFailedError } from 'typeorm';

const UNIQUE_VIOLATION = '23505';

/** The name of the unique constraint or index that a statement broke; undefined = it failed otherwise. */
export function brokenUnique(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const { code, constraint } = error.driverError as { code?: string; constraint?: string };
  return code === UNIQUE_VIOLATION ? (constraint ?? '') : undefined;
}

/** Runs statements; a database that does not answer becomes STORE_UNAVAILABLE. */
export async function stored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ExaiError ? error : new ExaiError('STORE_UNAVAILABLE', {}, { cause: error });
  }
}
