import {
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { requestingClient } from '../client-abilities.js';
import { type McpConnection } from '../mcp-connection.js';
import { RequestBoundary } from '../request-boundary.js';
import { TaskDesk } from './task-desk.js';

const PARAMS = { params: z.looseObject({ taskId: z.string().max(128) }) };

/** `tasks/get`, `tasks/update` and `tasks/cancel` of the tasks extension. */
@Injectable()
export class TaskRequests {
  constructor(
    private readonly desk: TaskDesk,
    private readonly boundary: RequestBoundary,
  ) {}

  serve(server: Server, { principal }: McpConnection): void {
    const run = <T>(ctx: ServerContext, work: () => Promise<T>) =>
      this.boundary.run(ctx, () => {
        const client = requestingClient(server, ctx);
        if (!client.isModern) throw new ProtocolError(ProtocolErrorCode.MethodNotFound, 'Method not found');
        this.desk.requireKnown(client);
        return work();
      });
    server.setRequestHandler('tasks/get', PARAMS, ({ taskId }, ctx) =>
      run(ctx, async () => ({ ...(await this.desk.get(principal, taskId)) })),
    );
    server.setRequestHandler('tasks/update', PARAMS, ({ taskId }, ctx) =>
      run(ctx, async () => {
        await this.desk.update(principal, taskId, ctx.mcpReq.inputResponses ?? {});
        return {};
      }),
    );
    server.setRequestHandler('tasks/cancel', PARAMS, ({ taskId }, ctx) =>
      run(ctx, async () => {
        await this.desk.cancel(principal, taskId);
        return {};
      }),
    );
  }
}
