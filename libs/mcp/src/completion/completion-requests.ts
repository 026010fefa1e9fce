import { type Server } from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { Completions } from './completions.js';
import { type McpConnection } from '../mcp-connection.js';
import { RequestBoundary } from '../request-boundary.js';

/** `completion/complete`. */
@Injectable()
export class CompletionRequests {
  constructor(
    private readonly completions: Completions,
    private readonly boundary: RequestBoundary,
  ) {}

  serve(server: Server, { principal }: McpConnection): void {
    server.setRequestHandler('completion/complete', ({ params: { ref, argument } }, ctx) =>
      this.boundary.run(ctx, async () => ({
        completion: await this.completions.complete(ref, argument, principal),
      })),
    );
  }
}
