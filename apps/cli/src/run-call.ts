import { setTimeout as delay } from 'node:timers/promises';
import { callSummary, contentOf, warningsOf } from './call-summary.js';
import { CliFailure } from './cli-failure.js';
import { failureOfResult } from './gateway-failure.js';
import { type GatewaySession } from './gateway-session.js';
import { type Progress, type ToolResult } from './tool-messages.js';
import { abortOnInterrupt } from './interrupt.js';
import { ProgressLine } from './progress-line.js';
import { StreamedAnswer } from './streamed-answer.js';

const DELTA = 'io.exai/delta';
const INTERRUPTED = 130;
/** For the cancellation to leave this process. */
const CANCEL_MS = 150;

export interface CallRun {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number | undefined;
  /** The result as one JSON document instead of its text. */
  readonly json: boolean;
  readonly isTerminal: boolean;
}

/**
 * Makes one call and prints its answer on standard output and everything else on standard error.
 * @throws CliFailure when it failed, was refused or was cancelled
 */
export async function runCall(session: GatewaySession, run: CallRun): Promise<void> {
  const answer = new StreamedAnswer((text) => void process.stdout.write(text));
  const startedAt = performance.now();
  try {
    const result = await ask(session, run, answer);
    if (result.isError) throw failureOfResult(result);
    if (run.json) printJson(result.structuredContent ?? result);
    else answer.finish(contentOf(result));
    for (const warning of warningsOf(result)) process.stderr.write(`Note: ${warning}\n`);
    process.stderr.write(`${callSummary(result, performance.now() - startedAt)}\n`);
  } catch (error) {
    answer.endLine();
    // One document in any case, of the same shape whether the tool failed or the gateway refused the call.
    if (run.json && error instanceof CliFailure) printJson(error.parts.document);
    throw error;
  }
}

async function ask(session: GatewaySession, run: CallRun, answer: StreamedAnswer): Promise<ToolResult> {
  const progress = new ProgressLine({
    isTty: run.isTerminal,
    columns: process.stderr.columns ?? 80,
    write: (text) => void process.stderr.write(text),
  });
  const signal = abortOnInterrupt(() => {
    progress.stop();
    process.stderr.write('\nCancelling the call; Ctrl-C again leaves at once.\n');
  });
  const onProgress = ({ message = '', _meta }: Progress) => {
    if (_meta?.[DELTA] !== true) progress.set(message);
    else if (!run.json) {
      progress.stop();
      answer.push(message);
    }
  };
  try {
    return await session.call(run.tool, run.args, { signal, timeoutMs: run.timeoutMs, onProgress });
  } catch (error) {
    if (!signal.aborted) throw error;
    await Promise.all([session.close(), delay(CANCEL_MS)]);
    throw new CliFailure('The call was cancelled.', { exitCode: INTERRUPTED });
  } finally {
    progress.stop();
  }
}

function printJson(document: unknown): void {
  if (document !== undefined) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
