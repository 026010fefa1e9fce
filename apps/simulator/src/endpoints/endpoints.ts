import { ACCOUNT_ENDPOINTS } from './account.js';
import type { Endpoint } from './endpoint.js';
import { FILE_ENDPOINTS } from './files.js';
import { MODEL_ENDPOINTS } from './models.js';
import { SEARCH_ENDPOINTS } from './web-search.js';

export const ENDPOINTS: readonly Endpoint[] = [
  ...MODEL_ENDPOINTS,
  ...FILE_ENDPOINTS,
  ...SEARCH_ENDPOINTS,
  ...ACCOUNT_ENDPOINTS,
];

export interface FoundEndpoint {
  readonly endpoint: Endpoint;
  readonly prefix: string;
  readonly id: string;
}

interface Route {
  readonly endpoint: Endpoint;
  readonly pattern: RegExp;
}

// Vendors differ in the prefix (`/v1`, `/api/paas/v4`, none), so only the end of the path counts.
const ROUTES: readonly Route[] = ENDPOINTS.map((endpoint) => ({
  endpoint,
  pattern: new RegExp(`^(.*?)${endpoint.path.replace(':', '(.+)')}$`),
}));

/** The endpoint asked for, `wrong-method` if only the method is not one of its, or undefined. */
export function findEndpoint(method: string, path: string): FoundEndpoint | 'wrong-method' | undefined {
  const matching = ROUTES.filter(({ pattern }) => pattern.test(path));
  const route = matching.find(({ endpoint }) => endpoint.method === method);
  if (!route) return matching.length > 0 ? 'wrong-method' : undefined;
  const [, prefix = '', id = ''] = route.pattern.exec(path) ?? [];
  return { endpoint: route.endpoint, prefix, id: decode(id) };
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
