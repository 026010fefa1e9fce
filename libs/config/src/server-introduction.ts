import { PRODUCT } from './product.js';

/** Small, as it goes along with every answer of revision 2026-07-28; to be seen on dark and on light. */
const ICON =
  "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2016%2016'%3E" +
  "%3Crect%20width='16'%20height='16'%20rx='3'%20fill='%235b5bd6'/%3E" +
  "%3Cpath%20d='M4%204h8M4%208h6M4%2012h8'%20stroke='%23fff'%20stroke-width='2'/%3E%3C/svg%3E";

/** Identifier of the extension by which long calls are tasks. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** How the MCP server introduces itself: from the gateway, and from the shim while its gateway starts. */
export const SERVER_INTRODUCTION = {
  serverInfo: {
    name: PRODUCT.name,
    version: PRODUCT.version,
    title: 'EX-AI MCP Server',
    icons: [{ src: ICON, mimeType: 'image/svg+xml', sizes: ['any'] }],
  },
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    completions: {},
    logging: {},
    extensions: { [TASKS_EXTENSION]: {} },
  },
};
