import { defineDirectTool } from '../define.js';
import { messagesField, modelFields } from '../fields.js';

export const kimiCaptureHeaders = defineDirectTool({
  name: 'kimi_capture_headers',
  title: 'Headers of a Kimi answer',
  description:
    'Sends one request to a Kimi model and shows which limits, ids and cache use its answer came with. For diagnosis; costs tokens.',
  tier: 'hidden',
  provider: 'kimi',
  category: 'BALANCED',
  annotations: { readOnlyHint: true, openWorldHint: true },
  defaults: {},
  fields: {
    messages: messagesField('Text, or a list of texts and {role, content}.'),
    model: modelFields.model.describe('Kimi model or alias; auto: the default one.'),
  },
  request: ({ messages }) => ({ messages, captureHeaders: true }),
  answer({ completion }) {
    const { headers = {}, rateLimit, usage, upstreamRequestId, model, latencyMs } = completion;
    const report = {
      model,
      headers,
      ...(upstreamRequestId !== undefined && { upstream_request_id: upstreamRequestId }),
      ...(rateLimit && {
        rate_limit: {
          ...(rateLimit.limit !== undefined && { limit: rateLimit.limit }),
          ...(rateLimit.remaining !== undefined && { remaining: rateLimit.remaining }),
          ...(rateLimit.resetMs !== undefined && { reset_ms: rateLimit.resetMs }),
        },
      }),
      cache: { cached_tokens: usage.cached ?? 0, prompt_tokens: usage.input },
      latency_ms: latencyMs,
    };
    return { content: JSON.stringify(report, null, 2), contentType: 'json', fields: report };
  },
});
