import { type Check, type ScenarioResult } from './results.js';

export type Transport = 'http' | 'websocket' | 'stdio';

export const TRANSPORTS: Readonly<Record<Transport, string>> = {
  http: 'Streamable HTTP',
  websocket: 'WebSocket',
  stdio: 'stdio',
};

/** What tests HTTP itself and therefore says nothing about another transport. */
export interface NotApplicable {
  /** Name of a scenario, or the beginning of the ids of checks in a scenario that holds others too. */
  readonly what: { readonly scenario: string; readonly checks?: string };
  readonly because: string;
}

export const HTTP_ONLY: readonly NotApplicable[] = [
  { what: { scenario: 'dns-rebinding-protection' }, because: 'Host and Origin headers of HTTP requests' },
  { what: { scenario: 'server-sse-polling' }, because: 'closing and resuming event streams' },
  { what: { scenario: 'server-sse-multiple-streams' }, because: 'several event streams at once' },
  { what: { scenario: 'server-session-lifecycle' }, because: 'the Mcp-Session-Id header and DELETE' },
  { what: { scenario: 'http-header-validation' }, because: 'the Mcp-Method and Mcp-Name headers' },
  { what: { scenario: 'http-custom-header-server-validation' }, because: 'the Mcp-Param headers' },
  { what: { scenario: 'tasks-request-headers' }, because: 'the Mcp-Method and Mcp-Name headers' },
  {
    what: { scenario: 'server-initialize', checks: 'server-session-id-' },
    because: 'the Mcp-Session-Id header',
  },
  {
    what: { scenario: 'server-stateless', checks: 'sep-2575-http-' },
    because: 'status codes of HTTP and the MCP-Protocol-Version header',
  },
  {
    what: { scenario: 'server-stateless', checks: 'sep-2575-missing-capability-http-' },
    because: 'a status code of HTTP',
  },
];

/** What of a suite's results tells something about the transport. */
export function applicable(
  results: readonly ScenarioResult[],
  transport: Transport,
): readonly ScenarioResult[] {
  if (transport === 'http') return results;
  return results.flatMap(({ scenario, checks }) => {
    const left = checks.filter((check) => !HTTP_ONLY.some((entry) => covers(entry, scenario, check)));
    return left.length > 0 ? [{ scenario, checks: left }] : [];
  });
}

function covers({ what }: NotApplicable, scenario: string, check: Check): boolean {
  return what.scenario === scenario && (what.checks === undefined || check.id.startsWith(what.checks));
}
