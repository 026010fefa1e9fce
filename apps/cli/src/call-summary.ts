import { type ToolResult } from './tool-messages.js';

type Fields = Readonly<Record<string, unknown>>;

/** One line about a finished call: who answered, how long, how much, its id, and how to go on. */
export function callSummary(result: ToolResult, elapsedMs: number): string {
  const payload = result.structuredContent ?? {};
  const metadata = fieldsOf(payload['metadata']);
  const tokens = fieldsOf(metadata['usage'])['total_tokens'];
  const id = result._meta?.['io.exai/callId'] ?? metadata['correlation_id'];
  const continuation = payload['continuation_id'];
  return [
    textOf(metadata['model_used']),
    `${(elapsedMs / 1_000).toFixed(1)} s`,
    typeof tokens === 'number' && `${tokens.toLocaleString('en-US').replaceAll(',', ' ')} tokens`,
    typeof id === 'string' && `id ${id}`,
    typeof continuation === 'string' && `go on with --continue ${continuation}`,
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(' · ');
}

/** Things the caller should know although the call succeeded. */
export function warningsOf(result: ToolResult): string[] {
  const { warnings } = fieldsOf(result.structuredContent?.['metadata']);
  return Array.isArray(warnings) ? warnings.filter((warning) => typeof warning === 'string') : [];
}

/** The answer as text. */
export function contentOf(result: ToolResult): string {
  const content = result.structuredContent?.['content'];
  if (typeof content === 'string') return content;
  return result.content.flatMap(({ text }) => text ?? []).join('\n');
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
