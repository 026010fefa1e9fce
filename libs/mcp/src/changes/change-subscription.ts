import { type Principal } from '#libs/auth';

export type ChangedList = 'tools' | 'prompts' | 'resources';

/** Where news for one client go. */
export interface ChangeSink {
  listChanged(list: ChangedList): void;
  updated(uri: string): void;
}

/** More than any client has a use for: the rest is not followed. */
const MAX_FOLLOWED = 1_000;

/** What the other side of a subscription tells the feed. */
export interface FollowedUris {
  add(uri: string, subscription: ChangeSubscription): void;
  remove(uri: string, subscription: ChangeSubscription): void;
  closed(subscription: ChangeSubscription): void;
}

/** What one connection, session or listening request wants to hear of. Ends with `close`. */
export class ChangeSubscription {
  sink: ChangeSink | undefined;
  /** How often each URI is followed: several requests of one socket may listen to the same. */
  private readonly counts = new Map<string, number>();

  constructor(
    readonly principal: Principal,
    private readonly uris: FollowedUris,
  ) {}

  follow(uri: string): void {
    const count = this.counts.get(uri) ?? 0;
    if (count === 0 && this.counts.size >= MAX_FOLLOWED) return;
    this.counts.set(uri, count + 1);
    if (count === 0) this.uris.add(uri, this);
  }

  unfollow(uri: string): void {
    const count = this.counts.get(uri) ?? 0;
    if (count > 1) this.counts.set(uri, count - 1);
    else if (this.counts.delete(uri)) this.uris.remove(uri, this);
  }

  close(): void {
    for (const uri of this.counts.keys()) this.uris.remove(uri, this);
    this.counts.clear();
    this.uris.closed(this);
  }
}
