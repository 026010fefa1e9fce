import {
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  type ReadResourceResult,
  type Server,
} from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { type Principal } from '#libs/auth';
import { type McpConnection } from '../mcp-connection.js';
import { pageOf } from '../paging.js';
import { RequestBoundary } from '../request-boundary.js';
import { ResourceCatalog } from './resource-catalog.js';
import { JSON_TYPE, type ResourceDefinition } from './resource.js';

/** `resources/list`, `resources/templates/list`, `resources/read`, and subscriptions of the 2025 revisions. */
@Injectable()
export class ResourceRequests {
  constructor(
    private readonly catalog: ResourceCatalog,
    private readonly boundary: RequestBoundary,
  ) {}

  serve(server: Server, { principal, subscription }: McpConnection): void {
    const { boundary } = this;
    server.setRequestHandler('resources/list', ({ params }, ctx) =>
      boundary.run(ctx, () => this.list(principal, params?.cursor)),
    );
    server.setRequestHandler('resources/templates/list', ({ params }, ctx) =>
      boundary.run(ctx, () => this.listTemplates(principal, params?.cursor)),
    );
    server.setRequestHandler('resources/read', ({ params: { uri } }, ctx) =>
      boundary.run(ctx, () => this.read(principal, uri)),
    );
    if (!subscription) return;
    server.setRequestHandler('resources/subscribe', ({ params: { uri } }, ctx) =>
      boundary.run(ctx, async () => {
        // Whoever may not read it learns no more by subscribing to it.
        await this.catalog.read(uri, principal);
        subscription.follow(uri);
        return {};
      }),
    );
    server.setRequestHandler('resources/unsubscribe', ({ params: { uri } }, ctx) =>
      boundary.run(ctx, () => {
        subscription.unfollow(uri);
        return {};
      }),
    );
  }

  private list(principal: Principal, cursor: string | undefined): ListResourcesResult {
    const { items, ...page } = pageOf(this.catalog.fixed(principal), cursor, this.catalog.version);
    return { resources: items.map((resource) => ({ uri: resource.uri, ...shown(resource) })), ...page };
  }

  private listTemplates(principal: Principal, cursor: string | undefined): ListResourceTemplatesResult {
    const { items, ...page } = pageOf(this.catalog.templates(principal), cursor, this.catalog.version);
    const resourceTemplates = items.map((template) => ({
      uriTemplate: template.uriTemplate,
      ...shown(template),
    }));
    return { resourceTemplates, ...page };
  }

  private async read(principal: Principal, uri: string): Promise<ReadResourceResult> {
    const { content, mimeType } = await this.catalog.read(uri, principal);
    const body = 'json' in content ? { text: JSON.stringify(content.json) } : content;
    return { contents: [{ uri, mimeType, ...body }] };
  }
}

function shown({ name, title, description, mimeType, icons }: ResourceDefinition) {
  return { name, title, description, mimeType: mimeType ?? JSON_TYPE, ...(icons && { icons: [...icons] }) };
}
