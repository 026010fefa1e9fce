import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

/** Whether somebody listens on this address already. */
export async function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    probe.listen(port, host, () => probe.close(() => resolve(false)));
  });
}

/** A port that nobody uses now. */
export async function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** True when the listener is another gateway of this product: its `/mcp` answers with our error envelope. */
export async function isOurGateway(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/mcp`, { signal: AbortSignal.timeout(2_000) });
    const body = (await response.json()) as {
      error?: { data?: { code?: unknown; correlationId?: unknown } };
    };
    const { code, correlationId } = body.error?.data ?? {};
    return typeof code === 'string' && typeof correlationId === 'string';
  } catch {
    return false;
  }
}

/** Name and pid of the listener, where the system tells (Linux, and only processes that we may look into). */
export function listenerOf(port: number): string | undefined {
  try {
    const inode = listeningInode(port);
    return inode === undefined ? undefined : processWithSocket(inode);
  } catch {
    return undefined;
  }
}

function listeningInode(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      const LISTEN = '0A';
      if (columns[1]?.endsWith(`:${hex}`) && columns[3] === LISTEN) return columns[9];
    }
  }
  return undefined;
}

function processWithSocket(inode: string): string | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const descriptors = readdirSync(`/proc/${pid}/fd`);
      if (descriptors.some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`)) {
        return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`;
      }
    } catch {
      // Gone, or not ours to look into.
    }
  }
  return undefined;
}
