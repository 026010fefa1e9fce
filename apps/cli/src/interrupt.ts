const INTERRUPTED = 130;

/**
 * Ctrl-C once asks for the end, twice is the end.
 * @returns the signal that the first one aborts
 */
export function abortOnInterrupt(onFirst: () => void): AbortSignal {
  const abort = new AbortController();
  process.on('SIGINT', () => {
    if (abort.signal.aborted) process.exit(INTERRUPTED);
    onFirst();
    abort.abort();
  });
  return abort.signal;
}
