import { type PathArgument } from '#libs/file-access';

const MAX_THREADS = 100;
const MAX_PATHS = 200;

/** A path that a thread has named, and what for. */
export interface NamedPath {
  readonly path: string;
  readonly isImage: boolean;
}

/** What the threads of this client have named so far: the newest 200 paths of the 100 threads that were used last. */
export class ThreadPaths {
  private readonly threads = new Map<string, ReadonlyMap<string, NamedPath>>();

  /** Newest first. */
  of(continuationId: string): NamedPath[] {
    return [...(this.threads.get(continuationId)?.values() ?? [])].reverse();
  }

  add(continuationId: string, named: readonly PathArgument[]): void {
    const paths = new Map(this.threads.get(continuationId));
    for (const { use, paths: these } of named) {
      // What was only looked at is never shown.
      if (use === 'named' || use === 'existing') continue;
      for (const path of these) {
        paths.delete(path);
        paths.set(path, { path, isImage: use === 'image' });
      }
    }
    // The newest stand last, in the paths of a thread and among the threads.
    this.threads.delete(continuationId);
    this.threads.set(continuationId, new Map([...paths].slice(-MAX_PATHS)));
    for (const oldest of [...this.threads.keys()].slice(0, -MAX_THREADS)) this.threads.delete(oldest);
  }
}
