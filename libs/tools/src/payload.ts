import { type ToolAnswer } from './define.js';
import { type PayloadMetadata, type ToolCall, type ToolPayload } from './tool.js';

/** What every payload says about its call. The time runs from the moment the call was accepted. */
export function baseMetadata(call: ToolCall): PayloadMetadata {
  return {
    tool_name: call.tool,
    correlation_id: call.correlationId,
    duration_ms: Math.max(0, Math.round(Date.now() - call.createdAt)),
  };
}

export function successPayload(call: ToolCall, answer: ToolAnswer): ToolPayload {
  return {
    ...answer.fields,
    status: answer.isError ? 'error' : (answer.status ?? 'success'),
    content: answer.content,
    content_type: answer.contentType,
    ...(answer.blocks && { blocks: answer.blocks }),
    metadata: { ...baseMetadata(call), ...answer.metadata },
  };
}
