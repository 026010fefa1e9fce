const MIB = 1_048_576;

/** What one socket may do and cost. The rate of messages is a setting; the size of one too. */
export const WEBSOCKET_LIMITS = {
  socketsPerPrincipal: 64,
  /** Upgrades that wait for a ticket to be looked up, and for how long each. */
  unfinishedUpgrades: 100,
  upgradeMs: 5_000,
  /** Frames that hold no JSON-RPC message; the next one ends the socket. */
  unreadableFrames: 10,
  /** Pings and pongs of the client. */
  controlFramesPerSecond: 20,
  /** More than this not yet sent: progress is coalesced, log messages are dropped. */
  slowReaderBytes: 4 * MIB,
  /** More than this not yet sent: the reader is too slow to keep. */
  tooSlowReaderBytes: 8 * MIB,
  /** How long a client may take to answer a close frame before its connection is cut. */
  closeMs: 5_000,
} as const;

export interface HeartbeatOptions {
  readonly pingEveryMs: number;
  /** A socket that has not answered so many pings by the next one is dead. */
  readonly missedPongs: number;
}

export const HEARTBEAT: HeartbeatOptions = { pingEveryMs: 20_000, missedPongs: 2 };
