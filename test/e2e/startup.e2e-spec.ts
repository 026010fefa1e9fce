import { chownSync, copyFileSync, cpSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually, isAlive } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { MAIN, ROOT, temporaryDirectory } from '../harness/paths.js';
import { ServerProcess } from '../harness/server-process.js';
import { watchSimulator } from '../harness/simulator.js';
import {
  minimalEnvironment,
  postmasterPid,
  removeDataDir,
  startStandalone,
  type Standalone,
} from '../harness/standalone.js';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** What this test opened, closed in reverse order however it ended. */
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function dataDirectory(): string {
  const dataDir = temporaryDirectory();
  cleanups.push(() => removeDataDir(dataDir));
  return dataDir;
}

async function started(options: Parameters<typeof startStandalone>[0]): Promise<Standalone> {
  const server = await startStandalone(options);
  cleanups.push(() => server.stop());
  return server;
}

async function connected(server: Standalone): Promise<McpClient> {
  const client = await connect('v2-default', 'websocket', server);
  cleanups.push(() => client.close());
  return client;
}

/** Runs the standalone to its end. */
async function run(env: Record<string, string>, main: string = MAIN.standalone) {
  const program = new ServerProcess(
    main,
    minimalEnvironment({ EXAI_DATA_DIR: dataDirectory(), EXAI_LOG_FORMAT: 'json', ...env }),
  );
  cleanups.push(() => program.kill9());
  return { code: await program.exited, output: program.output };
}

async function expectAnAnswer(server: Standalone): Promise<void> {
  const client = await connected(server);
  const { structuredContent } = await client.callTool('chat', { prompt: '[[sim: echo]] are you there?' });
  expect(structuredContent).toMatchObject({ content: 'are you there?' });
}

describe('a fresh data directory', () => {
  it('is all an ordinary user needs: one command, and SIGTERM leaves nothing behind', async () => {
    const dataDir = dataDirectory();
    const user = isRoot && othersMayRead(ROOT) ? { uid: NOBODY, gid: NOBODY } : {};
    if (user.uid !== undefined) chownSync(dataDir, user.uid, user.gid);
    const server = await started({ dataDir, ...user });
    await expectAnAnswer(server);
    for (const name of ['token', 'jwt-secret']) {
      const { mode, uid } = statSync(join(dataDir, name));
      expect([mode & 0o777, uid]).toEqual([0o600, user.uid ?? process.getuid?.()]);
    }
    const pids = [server.workerPid(), postmasterPid(dataDir) ?? 0];
    expect(pids.every((pid) => pid > 0 && isAlive(pid))).toBe(true);

    const again = await run({ PORT: new URL(server.url).port });
    expect(again.code).toBe(0);
    expect(again.output).toContain(server.url);

    expect(await server.stop()).toBe(0);
    // A process that has ended keeps its pid until its new parent has taken note.
    await eventually(() => !pids.some(isAlive), 'worker and PostgreSQL are gone', { timeoutMs: 3_000 });
  });

  it('may lie, like the program itself, below a directory that only its owner may enter', async () => {
    const closed = temporaryDirectory(0o700);
    cleanups.push(() => rmSync(closed, { recursive: true, force: true }));
    const checkout = copyOfProgram(join(closed, 'checkout'));
    const dataDir = join(checkout, '.exai');
    cleanups.push(() => removeDataDir(dataDir));
    const script = join(checkout, 'dist/apps/standalone/src/main.js');
    const server = await started({ dataDir, script, cwd: checkout });
    await expectAnAnswer(server);
  });
});

describe('a data directory whose owner was killed', () => {
  it('is taken over with its database while PostgreSQL and the worker still run', async () => {
    const dataDir = dataDirectory();
    const simulator = await watchSimulator();
    cleanups.push(() => simulator.close());
    const killed = await startStandalone({ dataDir, env: simulator.env });
    const token = killed.token();
    const client = await connect('v2-default', 'websocket', killed);
    client
      .callTool('chat', { prompt: '[[sim: latency(6000), echo]] still here' })
      .catch(() => 'its gateway dies');
    const { requestId } = await simulator.waitFor(() => true, 'the worker runs the call');
    const [workerPid, postgresPid] = [killed.workerPid(), postmasterPid(dataDir) ?? 0];
    await killed.kill9();
    expect([workerPid, postgresPid].filter(isAlive)).toEqual([workerPid, postgresPid]);

    const heir = await started({ dataDir, env: { ...simulator.env, EXAI_JWT_AUDIENCE: killed.audience } });
    await expectAnAnswer(heir);
    expect(postmasterPid(dataDir)).toBe(postgresPid);
    const report = await eventually(async () => {
      const call = await readCall(heir, token, requestId);
      return call.state === 'COMPLETED' ? call : undefined;
    }, 'the call of the killed gateway ends');
    expect(report.result).toMatchObject({ content: 'still here' });
    expect(await simulator.requestsOf(requestId)).toHaveLength(1);
    await eventually(() => !isAlive(workerPid), 'the orphaned worker leaves');
  }, 60_000);

  it('starts again when everything was killed, and finishes the calls of before', async () => {
    const dataDir = dataDirectory();
    const simulator = await watchSimulator();
    cleanups.push(() => simulator.close());
    const killed = await startStandalone({ dataDir, env: simulator.env });
    const token = killed.token();
    const client = await connect('v2-default', 'websocket', killed);
    client
      .callTool('chat', { prompt: '[[sim: latency(1500), echo]] finished later' })
      .catch(() => 'its gateway dies');
    const { requestId } = await simulator.waitFor(() => true, 'the worker runs the call');
    const pids = [killed.workerPid(), postmasterPid(dataDir) ?? 0];
    for (const pid of [killed.pid, ...pids]) process.kill(pid, 'SIGKILL');
    await killed.exited;
    await eventually(() => pids.every((pid) => !isAlive(pid)), 'all are gone');

    const heir = await started({ dataDir, env: { ...simulator.env, EXAI_JWT_AUDIENCE: killed.audience } });
    const report = await eventually(
      async () => {
        const call = await readCall(heir, token, requestId);
        return call.state === 'COMPLETED' ? call : undefined;
      },
      'the interrupted call ends',
      { timeoutMs: 25_000 },
    );
    expect(report.result).toMatchObject({ content: 'finished later' });
  }, 60_000);
});

it('a port that another program holds: exit 69, and the message names port and variable', async () => {
  const holder = createServer((_request, response) => response.end('somebody else'));
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => holder.close());
  const port = String((holder.address() as AddressInfo).port);
  const { code, output } = await run({ PORT: port });
  expect(code).toBe(69);
  expect(output).toContain('LISTEN_FAILED');
  expect(output).toContain(port);
  expect(output).toMatch(/\bPORT\b/);
});

describe('a configuration that is not valid', () => {
  it('is refused with every fault at once, without the values, exit 78', async () => {
    const { code, output } = await run({
      PORT: 'eighty',
      EXAI_AUTH: 'maybe',
      EXAI_DRAIN_TIMEOUT_SECS: '-1',
      DATABASE_URL: 'mysql://user:hunter2hunter2@host/db',
    });
    expect(code).toBe(78);
    for (const name of ['PORT', 'EXAI_AUTH', 'EXAI_DRAIN_TIMEOUT_SECS', 'DATABASE_URL']) {
      expect(output).toContain(name);
    }
    expect(output).not.toMatch(/hunter2|eighty|maybe/);
  });

  it('is refused with the nearest name for a misspelt one', async () => {
    const { code, output } = await run({ EXAI_WORKER_PROT: '9000', EXAI_PROT: '9001' });
    expect(code).toBe(78);
    expect(output).toMatch(/EXAI_WORKER_PROT[^;]*EXAI_WORKER_PORT/);
    expect(output).toMatch(/EXAI_PROT[^;]*\bPORT\b/);
  });

  it('is refused by a gateway and a worker that have no database to share', async () => {
    for (const main of [MAIN.gateway, MAIN.worker]) {
      const { code, output } = await run({ PORT: '1', EXAI_WORKER_PORT: '2' }, main);
      expect(code).toBe(78);
      expect(output).toContain('DATABASE_URL');
    }
  });
});

function othersMayRead(directory: string): boolean {
  const EXECUTE_BY_OTHERS = 0o001;
  if ((statSync(directory).mode & EXECUTE_BY_OTHERS) === 0) return false;
  return directory === dirname(directory) || othersMayRead(dirname(directory));
}

/** The built program in another place, with the same packages. */
function copyOfProgram(place: string): string {
  mkdirSync(place);
  cpSync(join(ROOT, 'dist'), join(place, 'dist'), { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(place, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  return place;
}
