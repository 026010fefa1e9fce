import { Policy, principalOf, type AuthenticatedRequest } from '#libs/auth';
import { McpHttpEndpoint } from '#libs/mcp';
import { All, Controller, Req, Res } from '@nestjs/common';
import { type ServerResponse } from 'node:http';

@Controller('mcp')
@Policy('authenticated')
export class McpHttpController {
  constructor(private readonly endpoint: McpHttpEndpoint) {}

  @All()
  async handle(
    @Req() request: AuthenticatedRequest & { body?: unknown },
    @Res() response: ServerResponse,
  ): Promise<void> {
    await this.endpoint.handle(request, response, request.body, principalOf(request));
  }
}
