import { hasScope, mayCall, type Principal } from '#libs/auth';
import { CallLedger } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { SystemView, ToolCatalog } from '#libs/tools';
import { ResourceNotFoundError, UriTemplate } from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { model, models } from './model-resources.js';
import { providersStatus } from './provider-resources.js';
import { call, thread, threads } from './record-resources.js';
import {
  type FixedResource,
  type ResourcePolicy,
  type ResourceSources,
  type ResourceTemplate,
} from './resource.js';

const FIXED: readonly FixedResource[] = [models, providersStatus, threads];
const TEMPLATES = [call, model, thread].map((template) => ({
  template,
  pattern: new UriTemplate(template.uriTemplate),
}));

/** The longest that is looked at; every URI that is ours is far shorter. */
const MAX_URI_CHARS = 2_048;

/** What clients can read beside calling tools. Each resource names what it needs; without that it is not shown. */
@Injectable()
export class ResourceCatalog {
  readonly sources: ResourceSources;

  constructor(
    private readonly tools: ToolCatalog,
    view: SystemView,
    ledger: CallLedger,
  ) {
    this.sources = { view, ledger };
  }

  fixed(principal: Principal): FixedResource[] {
    return FIXED.filter(({ policy }) => this.isPermitted(principal, policy));
  }

  templates(principal: Principal): ResourceTemplate[] {
    return TEMPLATES.map(({ template }) => template).filter(({ policy }) =>
      this.isPermitted(principal, policy),
    );
  }

  /** @throws ExaiError INVALID_PARAMS when there is no such template, FORBIDDEN when it is not for this caller */
  template(uriTemplate: string, principal: Principal): ResourceTemplate {
    const found = TEMPLATES.find(({ template }) => template.uriTemplate === uriTemplate)?.template;
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
  async read(uri: string, principal: Principal): Promise<object> {
    if (uri.length > MAX_URI_CHARS) {
      const reason = `at most ${MAX_URI_CHARS} characters are looked at`;
      throw new ExaiError('INVALID_PARAMS', { field: 'uri', reason });
    }
    const content = await this.contentOf(uri, principal);
    if (!content) throw new ResourceNotFoundError(uri);
    return content;
  }

  private async contentOf(uri: string, principal: Principal): Promise<object | undefined> {
    const fixed = FIXED.find((resource) => resource.uri === uri);
    if (fixed) {
      this.require(principal, fixed.policy);
      return fixed.read(this.sources, principal);
    }
    for (const { template, pattern } of TEMPLATES) {
      const raw = pattern.match(uri)?.['id'];
      if (typeof raw !== 'string') continue;
      this.require(principal, template.policy);
      const id = decoded(raw);
      return id === undefined ? undefined : template.read(this.sources, principal, id);
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
