import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../harness/paths.js';
import { startBridge, type Bridge } from './bridge/bridge-server.js';
import { openStdioWire } from './bridge/stdio-wire.js';
import { openWebSocketWire } from './bridge/websocket-wire.js';
import { document } from './document.js';
import { faultsOf, rowOf, type Measured } from './measured.js';
import { ProgressLine } from './progress-line.js';
import { startConformanceServer, type ConformanceServer } from './server/conformance-server.js';
import { readSettings } from './settings.js';
import { runSuite } from './suite/suite-run.js';
import { SUITES } from './suite/suites.js';
import { applicable, TRANSPORTS, type Transport } from './suite/transports.js';

const DOCUMENT = 'docs/conformance.md';

const settings = readSettings();
const line = new ProgressLine();

async function measure(server: ConformanceServer, transport: Transport): Promise<readonly Measured[]> {
  const bridge = await bridgeTo(server, transport);
  const measured: Measured[] = [];
  try {
    const suites = SUITES.filter(
      ({ id, overBridges }) => settings.suites.includes(id) && (overBridges || !bridge),
    );
    for (const suite of suites) {
      const title = `${TRANSPORTS[transport]}: ${suite.title}`;
      let count = 0;
      const { results, seconds } = await runSuite(suite, bridge?.url ?? `${server.url}/mcp`, {
        onScenario: (scenario) => line.show(`${title}, scenario ${++count}: ${scenario}`),
        ...(settings.verbose && { onOutput: (text) => void process.stdout.write(text) }),
      });
      const entry: Measured = { transport, suite, results: applicable(results, transport) };
      const [, passed, scenarios] = rowOf(entry);
      line.say(`${title}: ${passed} checks in ${scenarios} scenarios, ${seconds.toFixed(0)} s`);
      for (const fault of faultsOf(entry)) line.say(`  ${fault}`);
      measured.push(entry);
    }
  } finally {
    await bridge?.close();
  }
  return measured;
}

function bridgeTo({ url }: ConformanceServer, transport: Transport): Promise<Bridge | undefined> {
  switch (transport) {
    case 'http':
      return Promise.resolve(undefined);
    case 'websocket':
      return startBridge(() => openWebSocketWire(`${url.replace('http', 'ws')}/ws`));
    case 'stdio':
      return startBridge(() => openStdioWire(url));
  }
}

line.show('Starting the server');
const server = await startConformanceServer();
const measured: Measured[] = [];
try {
  for (const transport of settings.transports) measured.push(...(await measure(server, transport)));
} finally {
  await server.close();
  if (settings.verbose) process.stdout.write(server.output());
}
if (settings.complete) {
  writeFileSync(join(ROOT, DOCUMENT), document(measured));
  line.say(`Written: ${DOCUMENT}`);
}
process.exitCode = measured.every((entry) => faultsOf(entry).length === 0) ? 0 : 1;
