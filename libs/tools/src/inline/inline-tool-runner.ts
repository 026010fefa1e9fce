import { Injectable } from '@nestjs/common';
import { ExaiError } from '#libs/errors';
import { successPayload } from '../payload.js';
import { SystemView } from './system-view.js';
import { ToolCatalog } from '../tool-catalog.js';
import { type ToolCall, type ToolPayload } from '../tool.js';

/** Answers inline tools in the process that received the call. */
@Injectable()
export class InlineToolRunner {
  constructor(
    private readonly catalog: ToolCatalog,
    private readonly view: SystemView,
  ) {}

  async run(call: ToolCall): Promise<ToolPayload> {
    const definition = this.catalog.find(call.tool)?.definition;
    if (definition?.kind !== 'inline') {
      throw new ExaiError('TOOL_NOT_FOUND', { suggestions: this.catalog.closest(call.tool) });
    }
    const answer = await definition.answer(call.args, this.view, call);
    return 'payload' in answer ? answer.payload : successPayload(call, answer);
  }
}
