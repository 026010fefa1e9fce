import { connect, type ClientKind, type McpClient } from '../../harness/clients.js';
import { CuttableLink } from '../../harness/cuttable-link.js';
import { eventually } from '../../harness/eventually.js';
import { type Backend } from '../../harness/redis.js';
import { Rig } from '../../harness/rig.js';
import { endOnInterrupt } from '../interrupts.js';
import { figure, percentile } from '../stats.js';
import { type Verdict } from './stage.js';

const KINDS: readonly ClientKind[] = ['v1', 'v2-default', 'v2-pinned'];
const CALLS = 20;
const LATENCY_MS = 2_000;
const PATIENCE = { timeout: 120_000 };

interface Answer {
  readonly ok: boolean;
  readonly ms: number;
  readonly problem: string | undefined;
}

/** The gateway is killed under 20 running calls of the shim, for each official client: it sees time, and nothing else. */
export async function showKilledGateway(backend: Backend): Promise<Verdict[]> {
  const rig = await Rig.open(backend);
  endOnInterrupt(() => rig.close());
  const link = await CuttableLink.to(rig.gateway.url);
  try {
    const verdicts: Verdict[] = [];
    for (const kind of KINDS) verdicts.push(await showClient(rig, link, kind));
    return verdicts;
  } finally {
    link.close();
    await rig.close();
  }
}

async function showClient(rig: Rig, link: CuttableLink, kind: ClientKind): Promise<Verdict> {
  const server = { url: link.url, wsUrl: link.wsUrl, token: () => rig.token() };
  const client = await connect(kind, 'stdio', server, rig.token());
  try {
    const usual = slowest(await sendChats(client));
    const before = (await rig.simulator.requests()).length;
    const answers = sendChats(client);
    await eventually(
      async () => (await rig.simulator.requests()).length >= before + CALLS,
      `${CALLS} calls at the model`,
    );
    const killedAt = performance.now();
    await rig.gateways.at(-1)?.kill9();
    link.turnTo((await rig.addGateway()).url);
    const awaySeconds = (performance.now() - killedAt) / 1_000;
    const killed = await answers;
    const requests = (await rig.simulator.requests()).length - before;
    const good = killed.filter(({ ok }) => ok).length;
    const problem = killed.find((answer) => !answer.ok)?.problem;
    return {
      passed: good === CALLS && requests === CALLS,
      seen:
        `gateway killed -9 under ${CALLS} calls of ${LATENCY_MS} ms of the shim (${kind}), another one up after ` +
        `${figure(awaySeconds)} s: ${good}/${CALLS} answered with their own text, ${requests} model requests; p50 ` +
        `${figure(median(killed) / 1_000)} s, all within ${figure(slowest(killed) / 1_000)} s, without the kill ` +
        `${figure(usual / 1_000)} s: ${figure((slowest(killed) - usual) / 1_000)} s more` +
        (problem === undefined ? '' : `; first problem: ${problem}`),
    };
  } finally {
    await client.close();
  }
}

function sendChats(client: McpClient): Promise<Answer[]> {
  return Promise.all(
    Array.from({ length: CALLS }, async (_, index) => {
      const sentAt = performance.now();
      const text = `the text of call ${index}`;
      const prompt = `[[sim: latency(${LATENCY_MS}), echo]] ${text}`;
      const problem = await client.callTool('chat', { prompt, model: 'simulator-1' }, PATIENCE).then(
        ({ structuredContent }) =>
          structuredContent?.['content'] === text
            ? undefined
            : JSON.stringify(structuredContent).slice(0, 200),
        (error: unknown) => String(error),
      );
      return { ok: problem === undefined, ms: performance.now() - sentAt, problem };
    }),
  );
}

function slowest(answers: readonly Answer[]): number {
  return Math.max(...answers.map(({ ms }) => ms));
}

function median(answers: readonly Answer[]): number {
  return percentile(
    answers.map(({ ms }) => ms),
    50,
  );
}
