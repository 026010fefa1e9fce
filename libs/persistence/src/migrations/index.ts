import { CallInput1763800000009 } from './1763800000009-call-input.js';
import { CallParents1763800000005 } from './1763800000005-call-parents.js';
import { Conversations1763800000002 } from './1763800000002-conversations.js';
import { Cost1763800000003 } from './1763800000003-cost.js';
import { ClientFiles1763800000007 } from './1763800000007-client-files.js';
import { Idempotency1763800000008 } from './1763800000008-idempotency.js';
import { ProviderFiles1763800000006 } from './1763800000006-provider-files.js';
import { ToolCalls1763800000001 } from './1763800000001-tool-calls.js';
import { WebSocketTickets1763800000010 } from './1763800000010-websocket-tickets.js';
import { Workflows1763800000004 } from './1763800000004-workflows.js';

/** Oldest first. Classes, not file globs: a glob would find other files in the build than in the sources. */
export const MIGRATIONS = [
  ToolCalls1763800000001,
  Conversations1763800000002,
  Cost1763800000003,
  Workflows1763800000004,
  CallParents1763800000005,
  ProviderFiles1763800000006,
  ClientFiles1763800000007,
  Idempotency1763800000008,
  CallInput1763800000009,
  WebSocketTickets1763800000010,
];
