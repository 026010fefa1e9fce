import { type ConnectOptions, type ConnectTo } from './mcp-client.js';
import { MAIN } from './paths.js';
import { minimalEnvironment } from './standalone.js';

/** The shim beside a running gateway, or whatever the options name instead; as both SDKs want it. */
export function stdioProgram({ url }: ConnectTo, token: string, { shimEnv, program }: ConnectOptions) {
  const shim = {
    command: process.execPath,
    args: [MAIN.cli, 'stdio', '--url', url],
    env: minimalEnvironment({ ...shimEnv, EXAI_TOKEN: token }),
  };
  const { command, args, env } = program ?? shim;
  return { command, args: [...args], env: { ...env }, stderr: 'ignore' as const };
}
