import { join } from 'node:path';
import {
  connect,
  MODERN_REVISION,
  type ClientKind,
  type McpClient,
  type Question,
} from '../harness/clients.js';
import { ROOT } from '../harness/paths.js';
import { type Rig } from '../harness/rig.js';
import { type WatchedSimulator } from '../harness/simulator.js';
import { minimalEnvironment } from '../harness/standalone.js';

/** The ways from a client to the gateway: our three transports, and the proxy that others put before theirs. */
export const ROUTES = ['http', 'websocket', 'stdio', 'mcp-remote'] as const;
export type Route = (typeof ROUTES)[number];

/** One connected client, and what it was told and asked so far. */
export interface Session {
  readonly kind: ClientKind;
  readonly route: Route;
  readonly client: McpClient;
  readonly isModern: boolean;
  readonly simulator: WatchedSimulator;
  readonly questions: readonly Question[];
  readonly prompts: readonly string[];
  readonly logs: readonly unknown[];
  readonly changedLists: readonly string[];
}

/** A client whose user chooses `simulator-1` whatever is asked, and whose model answers each prompt by `Heard: …`. */
export async function openSession(kind: ClientKind, route: Route, rig: Rig): Promise<Session> {
  const questions: Question[] = [];
  const prompts: string[] = [];
  const logs: unknown[] = [];
  const changedLists: string[] = [];
  const token = rig.token();
  const client = await connect(kind, route === 'mcp-remote' ? 'stdio' : route, rig.gateway, token, {
    elicit: (question) => {
      questions.push(question);
      return { action: 'accept', content: { model: 'simulator-1' } };
    },
    sample: (prompt) => {
      prompts.push(prompt);
      return `Heard: ${prompt}`;
    },
    onLog: ({ data }) => logs.push(data),
    onListChanged: (method) => changedLists.push(method),
    ...(route === 'mcp-remote' && { program: mcpRemote(rig, token) }),
  });
  const isModern = client.protocolVersion === MODERN_REVISION;
  const { simulator } = rig;
  return { kind, route, client, isModern, simulator, questions, prompts, logs, changedLists };
}

function mcpRemote({ gateway }: Rig, token: string) {
  const proxy = join(ROOT, 'node_modules/mcp-remote/dist/proxy.js');
  return {
    command: process.execPath,
    args: [proxy, `${gateway.url}/mcp`, '--allow-http', '--header', 'Authorization:${BEARER}'],
    env: minimalEnvironment({ BEARER: `Bearer ${token}`, MCP_REMOTE_CONFIG_DIR: gateway.dataDir }),
  };
}
