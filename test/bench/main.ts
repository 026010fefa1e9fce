// Measures the road of a call against what it is built on, in the same run and in turns:
//   npm run bench -- [--quick] [--only a,b,c,d] [--idle <calls>] [--json <file>]
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Helper } from './child-process.js';
import { type LoopResult } from './closed-loop.js';
import { measureInline, printInline } from './inline-part.js';
import { type LoadOrder } from './load-generator.js';
import { load } from './processes.js';
import { measureQueued, printQueued } from './queued-part.js';
import { measureProviders, printProviders } from './provider-part.js';
import { say } from './report.js';
import { readSettings } from './settings.js';
import { openStores } from './stage.js';
import { figure } from './stats.js';
import { measureWake, printWake } from './wake-part.js';

const settings = readSettings();
const parts = settings.parts.split(',');
const startedAt = performance.now();
const loadAtStart = load();
const stores = await openStores();
const { helper: generator } = await Helper.start<LoadOrder, LoopResult>('./load-generator.js');
if (!stores.backends.includes('redis')) console.log('No redis-server: the Redis figures are left out.');

try {
  const inline = parts.includes('a') ? await measureInline(stores, generator, settings) : [];
  const queued = parts.includes('b') ? await measureQueued(stores, generator, settings) : [];
  const wake = parts.includes('c') ? await measureWake(stores, generator, settings) : [];
  const providers = parts.includes('d') ? await measureProviders(settings) : [];
  const machine = {
    node: process.version,
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    loadAtStart,
    loadAtEnd: load(),
    seconds: (performance.now() - startedAt) / 1_000,
    rounds: settings.rounds,
  };
  console.log(
    `Node ${machine.node}, ${machine.cores} cores (${machine.processor}), load average ` +
      `${figure(loadAtStart)} at the start and ${figure(machine.loadAtEnd)} at the end, ${figure(machine.seconds)} s.\n` +
      `Baseline and ours in turns, median of ${machine.rounds} round(s). The load generator is a process of its own:\n` +
      `frames of the ws package, and HTTP/1.1 by hand over kept-alive connections, one per caller.`,
  );
  if (inline.length > 0) printInline(inline);
  if (queued.length > 0) printQueued(queued);
  if (wake.length > 0) printWake(wake);
  if (providers.length > 0) printProviders(providers);
  if (settings.jsonFile !== undefined) {
    writeFileSync(
      settings.jsonFile,
      `${JSON.stringify({ machine, inline, queued, wake, providers }, null, 2)}\n`,
    );
    say(`figures written to ${settings.jsonFile}`);
  }
} finally {
  await generator.stop();
  await stores.close();
}
