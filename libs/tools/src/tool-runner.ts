import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { ExaiError } from '#libs/errors';
import { askBack, withCorrections } from './asking-back/asking-back.js';
import { type UtilityContext, type UtilityTool } from './define.js';
import { ConsensusEngine } from './consensus/consensus-engine.js';
import { DirectEngine } from './direct/direct-engine.js';
import { ProgramEngine } from './clink/program-engine.js';
import { DocumentDesk } from './documents/document-desk.js';
import { successPayload } from './payload.js';
import { SimpleEngine } from './simple/simple-engine.js';
import { ToolCatalog } from './tool-catalog.js';
import { VendorDesk } from './direct/vendor-desk.js';
import { type AttemptContext, type ToolCall, type ToolPayload } from './tool.js';
import { WorkflowEngine } from './workflow/workflow-engine.js';

/** Runs one attempt of a call in the worker, with the engine for the tool's kind. */
@Injectable()
export class ToolRunner {
  constructor(
    private readonly catalog: ToolCatalog,
    private readonly simple: SimpleEngine,
    private readonly workflow: WorkflowEngine,
    private readonly consensus: ConsensusEngine,
    private readonly direct: DirectEngine,
    private readonly programs: ProgramEngine,
    private readonly vendors: VendorDesk,
    private readonly documents: DocumentDesk,
  ) {}

  /**
   * @throws AttemptFailed once a model was chosen.
   * @throws ExaiError for everything before that, and for tools without a model.
   * @throws InputNeeded for what only whoever made the call can answer.
   */
  async run(call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const corrected = withCorrections(call);
    try {
      return await this.runCorrected(corrected, context);
    } catch (error) {
      throw askBack(error, corrected, context.input);
    }
  }

  private async runCorrected(call: ToolCall, context: AttemptContext): Promise<ToolPayload> {
    const definition = this.catalog.find(call.tool)?.definition;
    switch (definition?.kind) {
      case 'simple':
        return this.simple.run(definition, call, context);
      case 'workflow':
        return this.workflow.run(definition, call, context);
      case 'direct':
        return this.direct.run(definition, call, context);
      case 'program':
        return this.programs.run(call, context);
      case 'consensus':
        return this.consensus.run(definition, call, context);
      case 'utility':
        return runUtility(definition, call, context, {
          vendors: this.vendors.servicesFor(call, context),
          documents: this.documents.servicesFor(call, context),
        });
      default:
        // Switched off since the call was accepted, or an inline tool, which never comes this way.
        throw new ExaiError('TOOL_NOT_FOUND', { suggestions: this.catalog.closest(call.tool) });
    }
  }
}

async function runUtility(
  definition: UtilityTool,
  call: ToolCall,
  { signal, onProgress, input }: AttemptContext,
  services: Pick<UtilityContext, 'vendors' | 'documents'>,
): Promise<ToolPayload> {
  const sleep = async (milliseconds: number): Promise<void> => {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      // The reason of the abort tells a cancelled call from one that ran out of time.
      signal.throwIfAborted();
      throw error;
    }
  };
  const answer = await definition.answer(call.args, {
    signal,
    sleep,
    input,
    progress(progress, total, message = '') {
      onProgress({ kind: 'phase', message, progress, ...(total !== undefined && { total }) });
    },
    log(level, data, logger) {
      onProgress({ kind: 'log', level, data, ...(logger !== undefined && { logger }) });
    },
    releaseStream: () => onProgress({ kind: 'release' }),
    ...services,
  });
  return successPayload(call, answer);
}
