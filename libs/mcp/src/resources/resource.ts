import { type Principal, type Scope } from '#libs/auth';
import { type CallLedger } from '#libs/dispatch';
import { type SystemView } from '#libs/tools';
import { type Icon } from '@modelcontextprotocol/server';

/** Where the content of resources comes from: what inline tools and REST answer from, too. */
export interface ResourceSources {
  readonly view: SystemView;
  readonly ledger: Pick<CallLedger, 'report'>;
}

/** What a token needs: a scope, or the right to call the tool that tells the same. */
export type ResourcePolicy = { readonly scope: Scope } | { readonly tool: string };

/** `blob` is base64. */
export type ResourceContent =
  { readonly json: object } | { readonly text: string } | { readonly blob: string };

interface ResourceBase {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Default `application/json`. */
  readonly mimeType?: string;
  readonly icons?: readonly Icon[];
  readonly policy: ResourcePolicy;
}

export interface FixedResource extends ResourceBase {
  readonly uri: string;
  read(sources: ResourceSources, principal: Principal): Promise<ResourceContent>;
}

export interface ResourceTemplate extends ResourceBase {
  /** RFC 6570, with the one variable `id`. */
  readonly uriTemplate: string;
  /** Undefined for an id that is malformed, unknown, expired or somebody else's: nobody learns which. */
  read(sources: ResourceSources, principal: Principal, id: string): Promise<ResourceContent | undefined>;
  /** For completion: ids that `read` finds, the likeliest first, at most `limit`. */
  ids(sources: ResourceSources, principal: Principal, limit: number): Promise<readonly string[]>;
}

export type ResourceDefinition = FixedResource | ResourceTemplate;

export const JSON_TYPE = 'application/json';
