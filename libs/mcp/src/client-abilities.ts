import { TASKS_EXTENSION } from '#libs/config';
import { type InputKind } from '#libs/tools';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ClientCapabilities,
  type Implementation,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

/** What the client of a request said about itself: in the request since 2026-07-28, before that once for its session. */
export interface RequestingClient {
  readonly info: Implementation;
  /** Kinds of questions that it takes. */
  readonly asks: readonly InputKind[];
  /** It speaks 2026-07-28. */
  readonly isModern: boolean;
  /** It knows tasks. Never with a 2025 revision: their tasks are others. */
  readonly knowsTasks: boolean;
}

const UNKNOWN: Implementation = { name: 'unknown', version: 'unknown' };
const NO_ASKS: readonly InputKind[] = [];

export function requestingClient(server: Server, ctx: ServerContext): RequestingClient {
  const envelope = ctx.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  // Accessors of the session; the protocol layer marks them as of the older revisions.
  const info = (envelope?.[CLIENT_INFO_META_KEY] ?? server.getClientVersion() ?? UNKNOWN) as Implementation;
  const capabilities = capabilitiesOf(server, ctx);
  return {
    info,
    asks: capabilities ? asksOf(capabilities) : NO_ASKS,
    isModern: envelope !== undefined,
    knowsTasks: envelope !== undefined && capabilities?.extensions?.[TASKS_EXTENSION] !== undefined,
  };
}

function capabilitiesOf(server: Server, ctx: ServerContext): ClientCapabilities | undefined {
  const envelope = ctx.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined;
  return envelope
    ? (envelope[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined)
    : server.getClientCapabilities();
}

function asksOf({ elicitation, sampling, roots }: ClientCapabilities): readonly InputKind[] {
  const asks: InputKind[] = [];
  // Without any mode it means forms, as it did before there were modes.
  if (elicitation && (elicitation.form !== undefined || elicitation.url === undefined)) {
    asks.push('elicitation');
  }
  if (sampling) asks.push('sampling');
  if (roots) asks.push('roots');
  return asks.length > 0 ? asks : NO_ASKS;
}
