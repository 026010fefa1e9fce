import { type Bridge } from './bridge.js';
import { type GatewayAddress } from './gateway-address.js';
import { LinkRefused, openLink, type GatewayLink } from './gateway-link.js';
import { START_LIMIT_MS, type GatewayStarter } from './gateway-starter.js';
import { awayRefusal, upgradeRefusal } from './refusal.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** While a gateway starts, and for a client that has just asked for something. */
const SHORT_PAUSE_MS = 100;
/** A gateway that was there gets this long to come back by itself: somebody may be restarting it. */
const RESTART_GRACE_MS = 8_000;
/** A socket that lived this long was not refused in disguise. */
const STABLE_MS = 1_000;

export interface KeeperOptions {
  readonly bridge: Bridge;
  readonly address: GatewayAddress;
  readonly readToken: () => string | undefined;
  /** Absent when no gateway may be started from here. */
  readonly starter?: GatewayStarter | undefined;
  readonly log: (message: string) => void;
}

/** Keeps one socket to the gateway open: connects, starts the gateway if need be, comes back after a loss. */
export class LinkKeeper {
  private link: GatewayLink | undefined;
  private stopped = false;
  private running = false;
  private failures = 0;
  private awaySince = 0;
  private wasConnected = false;
  private startedAt: number | undefined;
  private wake: () => void = () => undefined;

  constructor(private readonly options: KeeperOptions) {}

  /** The client has said something. The first time this connects; while away it shortens the pause. */
  nudge(): void {
    if (this.running) {
      this.wake();
      return;
    }
    this.running = true;
    void this.keep();
  }

  pauseReading(): void {
    this.link?.pause();
  }

  resumeReading(): void {
    this.link?.resume();
  }

  /** Sends what is buffered, then closes for good. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    // A gateway that is still starting keeps its mark, so that nobody starts a second one beside it.
    this.link?.close();
    await this.link?.closed;
  }

  private async keep(): Promise<void> {
    this.awaySince = Date.now();
    while (!this.stopped) {
      const link = await this.connect();
      if (link) await this.serve(link);
      if (!this.stopped) await this.pause();
    }
  }

  private async serve(link: GatewayLink): Promise<void> {
    const { bridge, starter } = this.options;
    this.link = link;
    this.startedAt = undefined;
    starter?.end();
    const openedAt = Date.now();
    bridge.attach(link);
    const { code, reason } = await link.closed;
    this.link = undefined;
    bridge.detach(code);
    this.wasConnected = true;
    this.awaySince = Date.now();
    if (Date.now() - openedAt > STABLE_MS) this.failures = 0;
    if (!this.stopped) this.options.log(`connection lost (${code}${reason && ` ${reason}`}); reconnecting`);
  }

  private async connect(): Promise<GatewayLink | undefined> {
    const { address, bridge } = this.options;
    try {
      return await this.open();
    } catch (error) {
      if (error instanceof LinkRefused && error.status !== 429 && error.status !== 503) {
        await this.giveUp(error);
        return undefined;
      }
      const reason = reasonOf(error);
      bridge.failOverdue(awayRefusal(address.baseUrl, reason));
      if (bridge.hasWaiting) this.startGateway(reason);
      return undefined;
    }
  }

  /** A token may have been renewed since it was read, so a refusal counts only when it stands after reading again. */
  private async open(): Promise<GatewayLink> {
    const { address, bridge, readToken } = this.options;
    const onText = (text: string) => bridge.deliver(text);
    const token = readToken();
    try {
      return await openLink(address.wsUrl, token, onText);
    } catch (error) {
      const renewed = readToken();
      if (!(error instanceof LinkRefused) || error.status !== 401 || renewed === token) throw error;
      return openLink(address.wsUrl, renewed, onText);
    }
  }

  /** Trying again will not help until something changes; the next request is the sign to look. */
  private async giveUp(refused: LinkRefused): Promise<void> {
    const { address, bridge, readToken, log } = this.options;
    const refusal = await upgradeRefusal(refused, address.baseUrl, readToken() !== undefined);
    log(`${refusal.message} ${refusal.hint}`);
    bridge.failWaiting(refusal);
    while (!this.stopped && !bridge.hasWaiting) await this.nextNudge();
    this.failures = 0;
  }

  private startGateway(reason: string): void {
    const { address, bridge, starter, log } = this.options;
    if (!starter) return;
    const fail = (why: string) => {
      starter.end();
      this.startedAt = undefined;
      log(`the gateway did not start: ${why}`);
      bridge.failWaiting(awayRefusal(address.baseUrl, why));
    };
    if (this.startedAt === undefined) {
      if (this.wasConnected && Date.now() - this.awaySince < RESTART_GRACE_MS) return;
      log(
        `no gateway at ${address.baseUrl} (${reason}); waiting for one to start, its log is ${starter.logFile}`,
      );
      this.startedAt = Date.now();
      try {
        starter.start();
      } catch (error) {
        fail(reasonOf(error));
      }
      return;
    }
    const { state } = starter;
    if (state.kind === 'failed') fail(state.reason);
    else if (Date.now() - this.startedAt > START_LIMIT_MS) {
      fail(
        `it was started here and does not answer after ${START_LIMIT_MS / 1_000} s; see ${starter.logFile}`,
      );
    }
  }

  private async pause(): Promise<void> {
    this.failures += 1;
    if (this.startedAt !== undefined) {
      await delay(SHORT_PAUSE_MS);
      return;
    }
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    // Full jitter: clients that lost the same gateway must not come back in step.
    await Promise.race([delay(Math.random() * longest), this.nextNudge().then(() => delay(SHORT_PAUSE_MS))]);
  }

  private nextNudge(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  // Node hides the reasons of several tried addresses in an error without text.
  return error.message || code || 'no connection';
}
