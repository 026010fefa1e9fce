import { loadConfig, type EnvironmentVariables } from '#libs/config';
import { Bridge } from './bridge.js';
import { gatewayAddress } from './gateway-address.js';
import { ClientFileSender } from './files/client-file-sender.js';
import { readsFiles } from './files/file-side.js';
import { GatewayStarter } from './gateway-starter.js';
import { LineSplitter } from './line-splitter.js';
import { LinkKeeper } from './link-keeper.js';
import { dataDirCandidates, homeDataDir, readToken } from './local-files.js';
import { tooLarge } from './refusal.js';
import { STAMP_BYTES } from './stamped-call.js';
import { claimStdout, type ProtocolOutput } from './stdout-guard.js';

const MAX_LINE_BYTES = 10 * 1024 * 1024;
/** A client has its answer to `initialize` within a second of its start, also while its gateway starts. */
const EARLY_ANSWER_MS = 500;
/** What a client that has gone leaves running may still finish. */
const GRACE_MS = 5_000;
/** For the last frames and the closing handshake. */
const GOODBYE_MS = 1_000;
/** Above this the client is not read until the gateway has caught up. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;
const BACKLOG_CHECK_MS = 50;

export interface StdioOptions {
  readonly environment: EnvironmentVariables;
  /** Address of the gateway; default: `EXAI_URL`, else the local one. */
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  /** Whether a local gateway that does not run may be started. */
  readonly start: boolean;
}

/**
 * The MCP server a client starts as its child: lines of standard input to the gateway, its frames to standard
 * output. Does nothing at all before the first line. Resolves when the client has gone; the caller then exits.
 * @throws ConfigError, TypeError for a malformed address, or the file system's error for `tokenFile`
 */
export async function runStdio(options: StdioOptions): Promise<void> {
  const output = claimStdout();
  const config = loadConfig(options.environment, { serving: false });
  const address = gatewayAddress(config, options.url);
  const source = { environment: options.environment, config, address, tokenFile: options.tokenFile };
  if (options.tokenFile !== undefined) readToken(source);
  const log = (message: string) => void process.stderr.write(`exai stdio: ${message}\n`);
  const bridge = new Bridge({
    write: (line) => {
      if (!output.write(line)) keeper.pauseReading();
    },
    maxMessageBytes: config.limits.maxBodyBytes,
    maxCallMs: config.limits.maxCallMs,
    answerWithinMs: config.client.deadlineMs,
    earlyAnswerMs: address.isDefault ? EARLY_ANSWER_MS : undefined,
    files: readsFiles(config.client, address)
      ? new ClientFileSender({
          config,
          denied: dataDirCandidates(options.environment),
          maxMessageBytes: config.limits.maxBodyBytes - STAMP_BYTES,
          log,
        })
      : undefined,
    onWaiting: () => keeper.nudge(),
    log,
  });
  const keeper = new LinkKeeper({
    bridge,
    address,
    readToken: () => readToken(source),
    starter:
      address.isDefault && options.start ? new GatewayStarter(homeDataDir(options.environment)) : undefined,
    log,
  });
  output.onDrain(() => keeper.resumeReading());
  readLines(bridge, keeper);
  await endOfClient(bridge, output);
  bridge.cancelInFlight('the client has gone');
  await Promise.race([keeper.stop(), sleep(GOODBYE_MS)]);
  await output.flush();
}

function readLines(bridge: Bridge, keeper: LinkKeeper): void {
  const { stdin } = process;
  const splitter = new LineSplitter(MAX_LINE_BYTES, {
    onLine: (line) => {
      bridge.receive(line);
      keeper.nudge();
    },
    onTooLong: () => bridge.refuse(null, tooLarge(MAX_LINE_BYTES)),
  });
  stdin.on('data', (chunk: Buffer) => {
    splitter.push(chunk);
    if (bridge.backlog > MAX_BACKLOG_BYTES) pauseUntilTaken(bridge);
  });
  stdin.on('end', () => splitter.end());
}

function pauseUntilTaken(bridge: Bridge): void {
  process.stdin.pause();
  const timer = setInterval(() => {
    if (bridge.backlog > MAX_BACKLOG_BYTES) return;
    clearInterval(timer);
    process.stdin.resume();
  }, BACKLOG_CHECK_MS);
}

/**
 * Resolves when the client has gone and nothing is left to wait for: at once when all is answered, after the
 * grace at the latest. A second sign of the end (clients send SIGTERM after closing the pipe) ends the grace.
 */
function endOfClient(bridge: Bridge, output: ProtocolOutput): Promise<void> {
  return new Promise((resolve) => {
    let ending = false;
    const end = () => {
      if (ending) {
        resolve();
        return;
      }
      ending = true;
      void bridge.whenIdle().then(resolve);
      setTimeout(resolve, GRACE_MS);
    };
    process.stdin.once('end', end).once('error', end);
    process.on('SIGTERM', end).on('SIGINT', end);
    // Nobody reads any more.
    output.onBroken(() => resolve());
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
