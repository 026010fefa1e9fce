const DEADLOCK_DETECTED = '40P01';

/** Two statements over several rows may lock them in another order; PostgreSQL then gives one side up. */
export async function againAfterDeadlock<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement();
  } catch (error) {
    if ((error as { code?: unknown }).code !== DEADLOCK_DETECTED) throw error;
    return statement();
  }
}
