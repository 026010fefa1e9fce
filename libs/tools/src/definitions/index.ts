import { type ToolDefinition } from '../define.js';
import { chat } from './chat.tool.js';
import { listmodels } from './listmodels.tool.js';
import { status } from './status.tool.js';
import { testEcho } from './test-echo.tool.js';
import { version } from './version.tool.js';

/** Every tool there is. Which of them are offered is the configuration's choice. */
export const TOOLS: readonly ToolDefinition[] = [chat, listmodels, status, testEcho, version];
