import { hasScope, mayCall, type Principal } from '#libs/auth';
import { CallLedger } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { SystemView, ToolCatalog } from '#libs/tools';
import { ResourceNotFoundError, UriTemplate } from '@modelcontextprotocol/server';
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { ADDED_RESOURCES } from '../extension.js';
import { model, models } from './model-resources.js';
import { providersStatus } from './provider-resources.js';
import { call, thread, threads } from './record-resources.js';
import {
  JSON_TYPE,
  type FixedResource,
  type ResourceContent,
  type ResourceDefinition,
  type ResourcePolicy,
  type ResourceSources,
  type ResourceTemplate,
} from './resource.js';

interface Pattern {
  readonly template: ResourceTemplate;
  readonly pattern: UriTemplate;
}

const OWN: readonly ResourceDefinition[] = [models, providersStatus, threads, call, model, thread];

/** The longest that is looked at; every URI that is ours is far shorter. */
const MAX_URI_CHARS = 2_048;

/** What a resource holds, with what it says about itself. */
export interface ReadResource {
  readonly content: ResourceContent;
  readonly mimeType: string;
}

/**
 * What clients can read beside calling tools: the product's own and those of an extension. Each names what it needs;
 * without that it is not shown. Which there are never changes, what they hold does.
 */
@Injectable()
export class ResourceCatalog {
  readonly sources: ResourceSources;
  /** Two processes with the same version list the same resources. */
  readonly version: string;
  private readonly listed: readonly FixedResource[];
  private readonly byUri: ReadonlyMap<string, FixedResource>;
  private readonly patterns: readonly Pattern[];

  constructor(
    private readonly tools: ToolCatalog,
    view: SystemView,
    ledger: CallLedger,
    @Inject(ADDED_RESOURCES) added: readonly ResourceDefinition[],
  ) {
    this.sources = { view, ledger };
    const all = [...OWN, ...added];
    this.listed = all.filter((resource) => 'uri' in resource);
    this.byUri = new Map(this.listed.map((resource) => [resource.uri, resource]));
    this.patterns = all
      .filter((resource) => 'uriTemplate' in resource)
      .map((template) => ({ template, pattern: new UriTemplate(template.uriTemplate) }));
    const addresses = [...this.byUri.keys(), ...this.patterns.map(({ template }) => template.uriTemplate)];
    this.version = createHash('sha256').update(addresses.join()).digest('base64url').slice(0, 12);
  }

  fixed(principal: Principal): FixedResource[] {
    return this.listed.filter(({ policy }) => this.isPermitted(principal, policy));
  }

  templates(principal: Principal): ResourceTemplate[] {
    return this.patterns
      .map(({ template }) => template)
      .filter(({ policy }) => this.isPermitted(principal, policy));
  }

  /** @throws ExaiError INVALID_PARAMS when there is no such template, FORBIDDEN when it is not for this caller */
  template(uriTemplate: string, principal: Principal): ResourceTemplate {
    const found = this.patterns.find(({ template }) => template.uriTemplate === uriTemplate)?.template;
    if (!found) {
      throw new ExaiError('INVALID_PARAMS', {
        field: 'ref.uri',
        reason: 'there is no such resource template; resources/templates/list names them',
        suggestions: this.templates(principal).map((other) => other.uriTemplate),
      });
    }
    this.require(principal, found.policy);
    return found;
  }

  /**
   * @throws ExaiError FORBIDDEN without the right to read such a resource, whether or not this one exists;
   * INVALID_PARAMS for a URI that is too long
   * @throws ResourceNotFoundError
   */
  async read(uri: string, principal: Principal): Promise<ReadResource> {
    if (uri.length > MAX_URI_CHARS) {
      const reason = `at most ${MAX_URI_CHARS} characters are looked at`;
      throw new ExaiError('INVALID_PARAMS', { field: 'uri', reason });
    }
    const found = await this.find(uri, principal);
    if (!found) throw new ResourceNotFoundError(uri);
    return found;
  }

  private async find(uri: string, principal: Principal): Promise<ReadResource | undefined> {
    const fixed = this.byUri.get(uri);
    if (fixed) {
      this.require(principal, fixed.policy);
      return { content: await fixed.read(this.sources, principal), mimeType: fixed.mimeType ?? JSON_TYPE };
    }
    for (const { template, pattern } of this.patterns) {
      const raw = pattern.match(uri)?.['id'];
      if (typeof raw !== 'string') continue;
      this.require(principal, template.policy);
      const id = decoded(raw);
      const content = id === undefined ? undefined : await template.read(this.sources, principal, id);
      return content && { content, mimeType: template.mimeType ?? JSON_TYPE };
    }
    return undefined;
  }

  private isPermitted(principal: Principal, policy: ResourcePolicy): boolean {
    if ('scope' in policy) return hasScope(principal, policy.scope);
    // A tool that the operator switched off tells nothing here either.
    return this.tools.find(policy.tool) !== undefined && mayCall(principal, policy.tool);
  }

  private require(principal: Principal, policy: ResourcePolicy): void {
    if (this.isPermitted(principal, policy)) return;
    const requiredScope = 'scope' in policy ? policy.scope : `tools:call:${policy.tool}`;
    throw new ExaiError('FORBIDDEN', { requiredScope });
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
