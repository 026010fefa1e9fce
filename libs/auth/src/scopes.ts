/** The closed list of scopes; `tools:call:<tool>` narrows `tools:call` to one tool. */
export const SCOPES = [
  'tools:list',
  'tools:call',
  'files:read',
  'calls:read',
  'admin:read',
  'admin:write',
  'metrics:read',
  'dashboard:read',
] as const;

export type Scope = (typeof SCOPES)[number];

/** What a person at this computer may do with the local token. */
export const LOCAL_SCOPES: readonly Scope[] = [
  'tools:list',
  'tools:call',
  'files:read',
  'calls:read',
  'admin:read',
  'metrics:read',
  'dashboard:read',
];

/** What is left of them when authentication is switched off: admin scopes always need a token. */
export const ANONYMOUS_SCOPES: readonly Scope[] = ['tools:list', 'tools:call', 'files:read', 'calls:read'];

const ONE_TOOL = /^tools:call:[a-z0-9_-]{1,48}$/;

export function isScope(value: string): boolean {
  return (SCOPES as readonly string[]).includes(value) || ONE_TOOL.test(value);
}
