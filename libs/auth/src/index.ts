export { AccessTokens, LEEWAY_SECONDS, MAX_TOKEN_SECONDS, type TokenRequest } from './access-tokens.js';
export { AuthGuard, Policy, principalOf, type AuthenticatedRequest, type RoutePolicy } from './auth.guard.js';
export { AuthModule } from './auth.module.js';
export { AuthService, challengeFor } from './auth.service.js';
export { hasScope, mayCall, type Principal } from './principal.js';
export { checkRequestOrigin } from './request-origin.js';
export { LOCAL_SCOPES, SCOPES, type Scope } from './scopes.js';
export { TICKET_SECONDS, WebSocketTickets, type WebSocketTicket } from './websocket-tickets.js';
