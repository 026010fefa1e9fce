import { type Principal } from '#libs/auth';
import { CONFIG, openSecret, type Config } from '#libs/config';
import { argumentsHash } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { type InputRequests } from '#libs/tools';
import {
  createRequestStateCodec,
  type InputRequiredResult,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { Inject, Injectable } from '@nestjs/common';

/** What a client carries from a result that asks for input to the request that answers. */
export interface CarriedState {
  /** The accepted call that waits for the answers, and which of its questions they are for. */
  readonly call?: { readonly id: string; readonly correlationId: string; readonly round: number };
  /** SHA-256 of what was asked for: the answers belong to that request and to no other. */
  readonly request: string;
  /** Answers of earlier rounds, where no call keeps them. */
  readonly responses?: Readonly<Record<string, unknown>>;
  /** When the client began to wait, milliseconds since the epoch. */
  readonly since?: number;
}

/** A question waits for ten minutes; a little more for the way. */
const TTL_SECONDS = 15 * 60;

/** Of a tool or a prompt. */
interface NamedRequest {
  readonly params: {
    readonly name: string;
    readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  };
}

type BoundContext = ServerContext & { readonly boundTo: string };

/**
 * Seals what passes through a client's hands (HMAC, not secret): it cannot be made up, changed, kept for long or used
 * by somebody else or for another method. One key for all gateways, so that any of them can read it.
 */
@Injectable()
export class RequestStates {
  private readonly codec: RequestStateCodec<CarriedState>;

  constructor(@Inject(CONFIG) { auth, server }: Config) {
    this.codec = createRequestStateCodec<CarriedState>({
      key: auth.serverSecret ?? openSecret(server.dataDir, 'server-secret'),
      ttlSeconds: TTL_SECONDS,
      bind: (ctx) => (ctx as BoundContext).boundTo,
    });
  }

  seal(state: CarriedState, ctx: ServerContext, principal: Principal): Promise<string> {
    return this.codec.mint(state, bound(ctx, principal));
  }

  /** @throws Error, which the protocol layer answers with -32602, for what is not this principal's state of this method */
  open(sealed: string, ctx: ServerContext, principal: Principal): Promise<CarriedState> {
    return this.codec.verify(sealed, bound(ctx, principal));
  }
}

function bound(ctx: ServerContext, { tenant, subject }: Principal): BoundContext {
  return { ...ctx, boundTo: JSON.stringify([ctx.mcpReq.method, tenant, subject]) };
}

/** What the answers of a retry belong to; the order of the members of objects does not count. */
export function requestHash({ params }: NamedRequest): string {
  return argumentsHash({ tool: params.name, args: params.arguments ?? {} }).toString('base64url');
}

/**
 * What the retry of a request carries; nothing for a first one.
 * @throws ExaiError INVALID_PARAMS when it was made for another request
 */
export function carriedFor(
  request: NamedRequest,
  carried: CarriedState | undefined,
): Pick<CarriedState, 'call' | 'responses'> {
  if (!carried) return {};
  if (carried.request === requestHash(request)) return carried;
  throw new ExaiError('INVALID_PARAMS', {
    field: 'requestState',
    reason: 'it was made for another request; send name and arguments as before',
  });
}

/** Questions to the client in every revision; the older ones get them as requests, made of this by the protocol layer. */
export function askedResult(inputRequests: InputRequests, requestState: string): InputRequiredResult {
  return { resultType: 'input_required', inputRequests, requestState } as unknown as InputRequiredResult;
}
