import { mayCall, type Principal } from '#libs/auth';
import { CONFIG, TASKS_EXTENSION, type Config } from '#libs/config';
import { CallEnding, CallLedger, ToolDispatcher, type CallReport, type EarlierCall } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { type InputResponses, type ToolDefinition } from '#libs/tools';
import { Inject, Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { type RequestingClient } from '../client-abilities.js';
import { detailedTask, taskOf, type CreateTaskResult, type DetailedTask } from './task.js';

/** A call that takes longer becomes a task, for clients that know tasks. */
const TASK_AFTER_MS = 2_000;

/**
 * Calls as tasks (`io.modelcontextprotocol/tasks`): the id of the task is that of the call, and the ledger says all
 * there is to know, so that every gateway can tell, also after restarts.
 */
@Injectable()
export class TaskDesk {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly ledger: CallLedger,
    private readonly dispatcher: ToolDispatcher,
    private readonly ending: CallEnding,
  ) {}

  /** @throws ExaiError MISSING_CLIENT_CAPABILITY for a client that does not know tasks */
  requireKnown(client: RequestingClient): void {
    if (client.knowsTasks) return;
    throw new ExaiError('MISSING_CLIENT_CAPABILITY', {
      requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
    });
  }

  /** How long a call waits for its end before it becomes a task, in milliseconds; undefined = to its end. */
  afterMs({ kind, task }: ToolDefinition, client: RequestingClient): number | undefined {
    if (!client.knowsTasks || kind === 'inline') return undefined;
    return task === undefined ? TASK_AFTER_MS : 0;
  }

  /** The answer to a call that was taken on and runs by itself. */
  async created(owner: Principal, { id }: EarlierCall): Promise<CreateTaskResult> {
    const report = await this.ledger.report(id, owner);
    if (!report) throw new ExaiError('INTERNAL');
    return { resultType: 'task', ...taskOf(report, this.ttlMs) };
  }

  /** @throws ExaiError INVALID_PARAMS for a task that is unknown, forgotten or not this caller's: one answer */
  async get(owner: Principal, taskId: string): Promise<DetailedTask> {
    const task = detailedTask(await this.find(owner, taskId), this.ttlMs);
    if (!task) throw unknownTask();
    return task;
  }

  /**
   * Answers to questions of the task; some of them will do, and those to questions that are not open change nothing.
   * @throws ExaiError INVALID_PARAMS as `get`
   */
  async update(owner: Principal, taskId: string, responses: InputResponses): Promise<void> {
    const { id } = await this.find(owner, taskId);
    await this.dispatcher.answerInput(owner, id, responses);
  }

  /**
   * A task that has ended stays as it is.
   * @throws ExaiError INVALID_PARAMS as `get`
   */
  async cancel(owner: Principal, taskId: string): Promise<void> {
    const report = await this.find(owner, taskId);
    if (!report.finishedAt) await this.ending.cancel(report);
  }

  private get ttlMs(): number {
    return this.config.queue.resultTtlMs;
  }

  private async find(owner: Principal, taskId: string): Promise<CallReport> {
    const report = isUuid(taskId) ? await this.ledger.report(taskId, owner) : undefined;
    if (!report || !mayCall(owner, report.tool)) throw unknownTask();
    return report;
  }
}

function unknownTask(): ExaiError {
  const reason = 'there is no such task, or it is no longer kept';
  return new ExaiError('INVALID_PARAMS', { field: 'taskId', reason });
}
