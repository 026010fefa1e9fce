import { type Principal } from '#libs/auth';
import { CallLedger, Changes, type Change } from '#libs/dispatch';
import { type ServerEventBus } from '@modelcontextprotocol/server';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { PinoLogger } from 'nestjs-pino';
import { ChangeSubscription, type ChangedList, type FollowedUris } from './change-subscription.js';

const CALL_PREFIX = 'exai://calls/';
const MODELS = 'exai://models';

type Update = Exclude<Change, string>;

interface Listening {
  readonly principal: Principal;
  readonly uris: readonly string[];
}

/**
 * Brings news of changes to the clients that asked for them, from whatever process they come. An update of a thread or
 * call is told to its owner only.
 *
 * The lists of tools and prompts of a process are made once, when it starts, and never change afterwards: the product
 * itself announces no change of them; an extension may. A client of the stdio shim that finds another gateway process
 * after a restart hears of it from the shim. What does change at run time is which models there are.
 */
@Injectable()
export class ChangeFeed implements OnApplicationShutdown {
  private readonly subscriptions = new Set<ChangeSubscription>();
  private readonly followers = new Map<string, Set<ChangeSubscription>>();
  private readonly listening = new AsyncLocalStorage<Listening>();
  private readonly stop: () => void;

  constructor(
    private readonly changes: Changes,
    private readonly ledger: CallLedger,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(ChangeFeed.name);
    this.stop = changes.subscribe((change) => this.tell(change));
  }

  open(principal: Principal): ChangeSubscription {
    const subscription = new ChangeSubscription(principal, this.uris);
    this.subscriptions.add(subscription);
    return subscription;
  }

  /** For the protocol layer's listening requests over HTTP, which must be served within `listen`. */
  readonly bus: ServerEventBus = {
    publish: (event) =>
      this.changes.announce(event.kind === 'resource_updated' ? { uri: event.uri } : LIST_OF[event.kind]),
    subscribe: (listener) => {
      const scope = this.listening.getStore();
      if (!scope) throw new Error('A listening request without a principal.');
      const subscription = this.open(scope.principal);
      subscription.sink = {
        listChanged: (list) => listener({ kind: `${list}_list_changed` }),
        updated: (uri) => listener({ kind: 'resource_updated', uri }),
      };
      for (const uri of scope.uris) subscription.follow(uri);
      return () => subscription.close();
    },
  };

  /** Serves a listening request: the bus itself does not learn who listens, and to what. */
  listen<T>(principal: Principal, uris: readonly string[], work: () => T): T {
    return this.listening.run({ principal, uris }, work);
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  private readonly uris: FollowedUris = {
    add: (uri, subscription) => {
      const followers = this.followers.get(uri);
      if (followers) followers.add(subscription);
      else this.followers.set(uri, new Set([subscription]));
    },
    remove: (uri, subscription) => {
      const followers = this.followers.get(uri);
      if (followers?.delete(subscription) === true && followers.size === 0) this.followers.delete(uri);
    },
    closed: (subscription) => this.subscriptions.delete(subscription),
  };

  private tell(change: Change): void {
    if (typeof change === 'string') {
      this.tellList(change);
      return;
    }
    for (const uri of this.concerned(change.uri)) {
      for (const follower of [...(this.followers.get(uri) ?? [])]) this.tellUpdate(follower, uri, change);
    }
    // Each model is a resource of its own.
    if (change.uri === MODELS) this.tellList('resources');
  }

  private tellList(list: ChangedList): void {
    for (const { sink } of [...this.subscriptions]) sink?.listChanged(list);
  }

  /** The resource itself, the list that it stands in, and, of the list of models, each model. */
  private concerned(uri: string): readonly string[] {
    const parent = uri.slice(0, uri.lastIndexOf('/'));
    const models =
      uri === MODELS ? [...this.followers.keys()].filter((key) => key.startsWith(`${MODELS}/`)) : [];
    return [uri, parent, ...models];
  }

  private tellUpdate(follower: ChangeSubscription, uri: string, { uri: changed, owner }: Update): void {
    if (owner) {
      if (isOwner(follower.principal, owner)) follower.sink?.updated(uri);
      return;
    }
    if (!changed.startsWith(CALL_PREFIX)) {
      follower.sink?.updated(uri);
      return;
    }
    // Ends of calls are told by their id alone; only for those that somebody follows is it looked up whose they are.
    this.ledger
      .report(changed.slice(CALL_PREFIX.length), follower.principal)
      .then((report) => report && follower.sink?.updated(uri))
      .catch((error: unknown) => this.logger.debug({ err: error }, 'could not look up whose call ended'));
  }
}

const LIST_OF = {
  tools_list_changed: 'tools',
  prompts_list_changed: 'prompts',
  resources_list_changed: 'resources',
} as const;

function isOwner(
  principal: Principal,
  owner: { readonly tenant: string; readonly subject: string },
): boolean {
  return principal.tenant === owner.tenant && principal.subject === owner.subject;
}
