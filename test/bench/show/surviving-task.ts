import { setTimeout as delay } from 'node:timers/promises';
import { type Backend } from '../../harness/redis.js';
import { Rig } from '../../harness/rig.js';
import { endOnInterrupt } from '../interrupts.js';
import { figure } from '../stats.js';
import { type Verdict } from './stage.js';
import { WatchedTask } from './watched-task.js';

const MODEL = 'simulator-1';
const NO_MODEL = 'simulater-1';
/** Longer than a server needs to be replaced on a busy machine; a model that has not begun after 30 s is given up. */
const LATENCY_MS = 25_000;
/** Between two blows, so that each meets a task that has settled. */
const PAUSE_MS = 1_500;

/** Tasks of a chat whose gateway, worker and database are killed in turn; prints what a client sees meanwhile. */
export async function showSurvivingTask(backend: Backend): Promise<Verdict[]> {
  const rig = await Rig.open(backend, { ownDatabaseServer: true });
  endOnInterrupt(() => rig.close());
  try {
    return [await slowAnswer(rig, backend.name), await askedInside(rig, backend.name)];
  } finally {
    await rig.close();
  }
}

async function slowAnswer(rig: Rig, backend: string): Promise<Verdict> {
  console.log(`\nA chat whose model takes ${LATENCY_MS / 1_000} s, queue on ${backend}`);
  const text = 'what was asked before all that';
  const task = await WatchedTask.create(rig, 'chat', {
    model: MODEL,
    prompt: `[[sim: latency(${LATENCY_MS}), echo]] ${text}`,
  });
  try {
    await task.until('working');
    await loseGateway(rig, task);
    await loseWorker(rig, task);
    await loseDatabase(rig, task);
    await task.until('completed');
  } finally {
    task.stop();
  }
  return verdictOf(rig, task, text, 'a slow chat');
}

/** The model is misspelt, so that the worker asks for another one, in a task already as there was no worker at first. */
async function askedInside(rig: Rig, backend: string): Promise<Verdict> {
  console.log(`\nA chat that asks its user, queue on ${backend}`);
  const text = 'what was asked with a misspelt model';
  await rig.workers.at(-1)?.kill9();
  const task = await WatchedTask.create(rig, 'chat', {
    model: NO_MODEL,
    prompt: `[[sim: latency(${LATENCY_MS}), echo]] ${text}`,
  });
  try {
    await task.until('working');
    await loseGateway(rig, task);
    await rig.addWorker();
    task.note('a worker is up');
    await task.until('input_required');
    await loseGateway(rig, task);
    await loseWorker(rig, task);
    await loseDatabase(rig, task);
    await task.until('input_required');
    await task.answer({ action: 'accept', content: { model: MODEL } });
    await task.until('working');
    await loseGateway(rig, task);
    await loseWorker(rig, task);
    await task.until('completed');
  } finally {
    task.stop();
  }
  return verdictOf(rig, task, text, 'a chat with a question inside');
}

async function loseGateway(rig: Rig, task: WatchedTask): Promise<void> {
  task.strike('kill -9 of the gateway');
  await rig.gateways.at(-1)?.kill9();
  await rig.addGateway();
  await settle(task, 'another gateway is up');
}

async function loseWorker(rig: Rig, task: WatchedTask): Promise<void> {
  task.strike('kill -9 of the worker');
  await rig.workers.at(-1)?.kill9();
  await rig.addWorker();
  await settle(task, 'another worker is up');
}

async function loseDatabase(rig: Rig, task: WatchedTask): Promise<void> {
  task.strike('kill -9 of PostgreSQL');
  await rig.killDatabase();
  await rig.startDatabase();
  await settle(task, 'PostgreSQL is up again');
}

async function settle(task: WatchedTask, event: string): Promise<void> {
  task.note(event);
  await delay(PAUSE_MS);
}

async function verdictOf(rig: Rig, task: WatchedTask, text: string, what: string): Promise<Verdict> {
  const { content, forgotten, seconds, blindSeconds, strikes } = task;
  const requests = (await rig.simulator.requestsOf(task.id)).length;
  return {
    passed: content === text && forgotten === 0,
    seen:
      `task of ${what}, ${strikes} times kill -9 (gateway, worker, PostgreSQL): ` +
      (content === text ? 'completed with its own text' : `no answer of its own (${String(content)})`) +
      ` after ${figure(seconds)} s, unknown in ${forgotten} polls, not to be asked for ${figure(blindSeconds)} s in all; ` +
      `model requests: ${requests}`,
  };
}
