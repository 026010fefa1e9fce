import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, temporaryDirectory } from '../../harness/paths.js';
import { freePort } from '../../harness/ports.js';
import { ServerProcess } from '../../harness/server-process.js';
import { minimalEnvironment } from '../../harness/standalone.js';

/** As `npm run build:conformance` leaves it. */
const SCRIPT = join(ROOT, 'dist/test/conformance/server/main.js');

/** The server that the suites test. */
export interface ConformanceServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Everything it has written. */
  output(): string;
  close(): Promise<void>;
}

/** On a free port, without authentication, its Host check as for anybody on this computer. */
export async function startConformanceServer(
  environment: Readonly<Record<string, string>> = {},
): Promise<ConformanceServer> {
  const [port, workerPort] = [await freePort(), await freePort()];
  const dataDir = temporaryDirectory();

  const server = new ServerProcess(
    SCRIPT,
    minimalEnvironment({
      EXAI_DATA_DIR: dataDir,
      EXAI_LOG_FORMAT: 'json',
      EXAI_AUTH: 'off',
      PORT: String(port),
      EXAI_WORKER_PORT: String(workerPort),
      ...environment,
    }),
    { cwd: dataDir },
  );
  const close = async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await server.waitForLog(
      ({ msg }) => msg === 'conformance server ready',
      'the conformance server is ready',
    );
  } catch (error) {
    await close();
    throw error;
  }
  return { url: `http://127.0.0.1:${port}`, output: () => server.output, close };
}
