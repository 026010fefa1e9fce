import { type ToolDefinition } from '../define.js';
import { activity } from './activity.tool.js';
import { analyze } from './analyze.tool.js';
import { apilookup } from './apilookup.tool.js';
import { callResult } from './call-result.tool.js';
import { challenge } from './challenge.tool.js';
import { chat } from './chat.tool.js';
import { codereview } from './codereview.tool.js';
import { consensus } from './consensus.tool.js';
import { debug } from './debug.tool.js';
import { docgen } from './docgen.tool.js';
import { glmPayloadPreview } from './glm-payload-preview.tool.js';
import { glmWebSearch } from './glm-web-search.tool.js';
import { health } from './health.tool.js';
import { kimiCaptureHeaders } from './kimi-capture-headers.tool.js';
import { kimiChatWithTools } from './kimi-chat-with-tools.tool.js';
import { kimiIntentAnalysis } from './kimi-intent-analysis.tool.js';
import { kimiManageFiles } from './kimi-manage-files.tool.js';
import { listmodels } from './listmodels.tool.js';
import { planner } from './planner.tool.js';
import { precommit } from './precommit.tool.js';
import { providerCapabilities } from './provider-capabilities.tool.js';
import { refactor } from './refactor.tool.js';
import { secaudit } from './secaudit.tool.js';
import { selfCheck } from './self-check.tool.js';
import { smartFileDownload } from './smart-file-download.tool.js';
import { smartFileQuery } from './smart-file-query.tool.js';
import { status } from './status.tool.js';
import { testEcho } from './test-echo.tool.js';
import { testgen } from './testgen.tool.js';
import { thinkdeep } from './thinkdeep.tool.js';
import { threads } from './threads.tool.js';
import { toolcallLogTail } from './toolcall-log-tail.tool.js';
import { tracer } from './tracer.tool.js';
import { version } from './version.tool.js';

/** Every tool there is. Which of them are offered is the configuration's choice. */
export const TOOLS: readonly ToolDefinition[] = [
  activity,
  apilookup,
  callResult,
  challenge,
  chat,
  debug,
  glmPayloadPreview,
  glmWebSearch,
  health,
  kimiCaptureHeaders,
  kimiChatWithTools,
  kimiIntentAnalysis,
  kimiManageFiles,
  listmodels,
  providerCapabilities,
  selfCheck,
  smartFileDownload,
  smartFileQuery,
  status,
  testEcho,
  threads,
  toolcallLogTail,
  version,
  analyze,
  codereview,
  precommit,
  refactor,
  secaudit,
  testgen,
  thinkdeep,
  planner,
  consensus,
  docgen,
  tracer,
];
