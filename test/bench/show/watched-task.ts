import { eventually } from '../../harness/eventually.js';
import { postModern, type ModernAnswer } from '../../harness/modern-http.js';
import { type Rig } from '../../harness/rig.js';

const CAPABILITIES = { extensions: { 'io.modelcontextprotocol/tasks': {} }, elicitation: {} };
const EVERY_MS = 200;
const ANSWER_WITHIN_MS = 2_000;
const STATUS_WITHIN_MS = 90_000;
/** What a client is told of a task that there is not. */
const UNKNOWN_TASK = -32_602;

type Fields = Readonly<Record<string, unknown>>;

/** A task as its client sees it: asks for it all the time at the newest gateway, and writes down what happens. */
export class WatchedTask {
  /** Answers that the task does not exist. */
  forgotten = 0;
  /** What it had to survive so far. */
  strikes = 0;
  private blindMs = 0;
  private status = '';
  private task: Fields = {};
  private endedAt: number | undefined;
  private stopped = false;

  private constructor(
    private readonly rig: Rig,
    private readonly token: string,
    private readonly startedAt: number,
    readonly id: string,
  ) {}

  static async create(rig: Rig, tool: string, args: Fields): Promise<WatchedTask> {
    const startedAt = performance.now();
    const token = rig.token();
    const created = await send(rig, token, 'tools/call', { name: tool, arguments: args });
    const { taskId } = created.result ?? {};
    if (typeof taskId !== 'string') throw new Error(`No task: ${JSON.stringify(created)}`);
    const task = new WatchedTask(rig, token, startedAt, taskId);
    task.note(`tools/call ${tool} was answered with task ${taskId}`);
    void task.watch();
    return task;
  }

  /** Seconds from the call to its end, or until now. */
  get seconds(): number {
    return ((this.endedAt ?? performance.now()) - this.startedAt) / 1_000;
  }

  /** Seconds in which no gateway told anything. */
  get blindSeconds(): number {
    return this.blindMs / 1_000;
  }

  get content(): unknown {
    const result = this.task['result'] as { readonly structuredContent?: Fields } | undefined;
    return result?.structuredContent?.['content'];
  }

  note(event: string): void {
    const at = `${((performance.now() - this.startedAt) / 1_000).toFixed(1)} s`;
    console.log(`  ${at.padStart(7)}  ${this.status.padEnd(19)}  ${event}`);
  }

  /**
   * Before something that the task shall survive.
   * @throws Error when it has ended already and there is nothing left to survive
   */
  strike(event: string): void {
    if (this.endedAt !== undefined) throw new Error(`The task ended before the ${event}.`);
    this.strikes += 1;
    this.note(event);
  }

  until(status: string): Promise<unknown> {
    return eventually(() => this.status === status, `the task is ${status}`, {
      timeoutMs: STATUS_WITHIN_MS,
    });
  }

  /** The same to every question that is open. */
  async answer(response: Fields): Promise<void> {
    const keys = Object.keys((this.task['inputRequests'] as object | undefined) ?? {});
    const inputResponses = Object.fromEntries(keys.map((key) => [key, response]));
    const { error } = await send(this.rig, this.token, 'tasks/update', { taskId: this.id, inputResponses });
    if (error) throw new Error(`tasks/update: ${error.message}`);
    this.note('tasks/update answers the question');
  }

  stop(): void {
    this.stopped = true;
  }

  private async watch(): Promise<void> {
    let lookedAt = performance.now();
    while (!this.stopped && this.endedAt === undefined) {
      await this.look();
      const now = performance.now();
      if (this.status.startsWith('(')) this.blindMs += now - lookedAt;
      lookedAt = now;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  private async look(): Promise<void> {
    try {
      const { result, error } = await send(this.rig, this.token, 'tasks/get', { taskId: this.id });
      if (error?.code === UNKNOWN_TASK) this.forgotten += 1;
      if (result) this.task = result;
      this.show(result ? String(result['status']) : `(${codeOf(error)})`);
      if (result?.['status'] === 'completed') this.endedAt = performance.now();
    } catch {
      this.show('(no gateway)');
    }
  }

  private show(status: string): void {
    if (status === this.status) return;
    this.status = status;
    const { statusMessage: message } = this.task;
    this.note(status.startsWith('(') || typeof message !== 'string' ? 'tasks/get' : `tasks/get: ${message}`);
  }
}

function send(rig: Rig, token: string, method: string, params: Fields): Promise<ModernAnswer> {
  const server = rig.gateways.at(-1);
  if (!server) throw new Error('No gateway runs.');
  const signal = AbortSignal.timeout(method === 'tools/call' ? STATUS_WITHIN_MS : ANSWER_WITHIN_MS);
  return postModern(server, token, method, params, { capabilities: CAPABILITIES, signal });
}

function codeOf(error: ModernAnswer['error']): string {
  return (error?.data as { readonly code?: string } | undefined)?.code ?? String(error?.code);
}
