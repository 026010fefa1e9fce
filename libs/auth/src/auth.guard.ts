import { ExaiError } from '#libs/errors';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type IncomingMessage } from 'node:http';
import { AuthService } from './auth.service.js';
import { hasScope, type Principal } from './principal.js';
import { type Scope } from './scopes.js';

const POLICY = 'exai:policy';

/** What a route asks of its caller: nothing, a valid credential, or one scope. */
export type RoutePolicy = 'public' | 'authenticated' | Scope;

/** Declares the policy of a controller or a handler. A route without one is refused. */
export const Policy = (policy: RoutePolicy) => SetMetadata(POLICY, policy);

export type AuthenticatedRequest = IncomingMessage & { principal?: Principal };

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly auth: AuthService,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const policy = this.reflector.getAllAndOverride<RoutePolicy | undefined>(POLICY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (policy === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const principal = request.principal ?? this.auth.authenticate(request.headers.authorization);
    if (policy === undefined) throw new ExaiError('FORBIDDEN');
    if (policy !== 'authenticated' && !hasScope(principal, policy)) {
      throw new ExaiError('FORBIDDEN', { requiredScope: policy });
    }
    request.principal = principal;
    return true;
  }
}

/** @throws ExaiError UNAUTHENTICATED when the guard did not run for this request. */
export function principalOf(request: AuthenticatedRequest): Principal {
  if (!request.principal) throw new ExaiError('UNAUTHENTICATED');
  return request.principal;
}
