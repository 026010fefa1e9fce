import { loadConfig } from '#libs/config';
import { Metrics } from '#libs/observability';
import { type CompletionRequest, PROVIDERS, ProviderRegistry, Resilience } from '#libs/providers';
import { freePort } from '../harness/ports.js';
import { temporaryDirectory } from '../harness/paths.js';
import { closedLoop } from './closed-loop.js';
import { printTable, say } from './report.js';
import { interleaved, type Figures, type Subject } from './rounds.js';
import { type BenchSettings } from './settings.js';
import { SimulatorProcess } from './simulator-process.js';
import { figure, ratio } from './stats.js';

const IN_FLIGHT = [1, 64];
const MODEL = 'kimi-k2.6';

export interface ProviderRow {
  readonly answer: 'whole' | 'streamed';
  readonly inFlight: number;
  readonly ours: Figures;
  readonly baseline: Figures;
}

/** Our provider layer with all its guards, against a bare `fetch` that sends the same body to the same server. */
export async function measureProviders(settings: BenchSettings): Promise<ProviderRow[]> {
  const vendor = new SimulatorProcess(await freePort());
  await vendor.start();
  const provider = await openProvider(vendor.baseUrl);
  const rows: ProviderRow[] = [];
  const requestOf = (streamed: boolean): CompletionRequest => ({
    model: provider.getCapabilities(MODEL),
    messages: [{ role: 'user', content: '[[sim: latency(0), delay(0), echo]] hello' }],
    correlationId: 'bench',
    streamed,
  });
  const subject = (inFlight: number, call: () => Promise<void>): Subject => ({
    run: () =>
      closedLoop({ callers: inFlight, warmUpMs: settings.warmUpMs, measureMs: settings.measureMs }, call),
    cpu: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  });
  try {
    for (const answer of ['whole', 'streamed'] as const) {
      const request = requestOf(answer === 'streamed');
      const { url, body } = provider.buildPayload(request);
      const text = JSON.stringify(body);
      const bare = () => bareFetch(url, text, answer);
      const ours = async () => void (await provider.chat(request, new AbortController().signal));
      say(`provider layer, ${answer} answers, warming up`);
      const warmUp = { callers: 16, warmUpMs: 0, measureMs: settings.codeWarmUpMs };
      for (const call of [bare, ours]) await closedLoop(warmUp, call);
      for (const inFlight of IN_FLIGHT) {
        say(`provider layer, ${answer} answers, ${inFlight} in flight`);
        const [baseline, own] = await interleaved(
          [subject(inFlight, bare), subject(inFlight, ours)],
          settings.rounds,
        );
        if (baseline && own) rows.push({ answer, inFlight, ours: own, baseline });
      }
    }
  } finally {
    await vendor.stop();
  }
  return rows;
}

async function openProvider(baseUrl: string) {
  const env = { KIMI_API_KEY: 'bench-key', KIMI_BASE_URL: baseUrl, KIMI_MAX_INFLIGHT: '64' };
  const config = loadConfig(env, { serving: false, cwd: temporaryDirectory() });
  const resilience = new Resilience(new Metrics());
  const registry = ProviderRegistry.build(PROVIDERS, config, undefined, (client, settings) =>
    resilience.guard(client, settings),
  );
  await registry.prepareClients();
  return registry.provider('kimi');
}

async function bareFetch(url: string, body: string, answer: ProviderRow['answer']): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer bench-key' };
  const response = await fetch(url, { method: 'POST', headers, body });
  await (answer === 'whole' ? response.json() : response.text());
}

export function printProviders(rows: readonly ProviderRow[]): void {
  printTable('D. Provider layer | baseline: a bare fetch of the same body, answer read and not understood', [
    [
      'answer',
      'in flight',
      'requests/s',
      'p50 ms',
      'CPU s/1,000',
      'bare requests/s',
      'p50 ms',
      'CPU s/1,000',
      'requests/s ratio',
      'CPU ratio',
    ],
    ...rows.map(({ answer, inFlight, ours, baseline }) => [
      answer,
      String(inFlight),
      ...[ours, baseline].flatMap(({ callsPerSecond, p50, cpuPer1000 }) => [
        figure(callsPerSecond),
        figure(p50),
        figure(cpuPer1000),
      ]),
      ratio(ours.callsPerSecond, baseline.callsPerSecond),
      ratio(ours.cpuPer1000, baseline.cpuPer1000),
    ]),
  ]);
}
