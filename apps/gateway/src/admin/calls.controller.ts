import { Policy, principalOf, type AuthenticatedRequest } from '#libs/auth';
import { CallEnding, CallLedger, type CallReport } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { Controller, Delete, Get, Header, HttpCode, Param, Req } from '@nestjs/common';
import { validate as isUuid } from 'uuid';

/** Calls by their id, for their owner only. */
@Controller('api/v1/calls')
@Policy('calls:read')
export class CallsController {
  constructor(
    private readonly ledger: CallLedger,
    private readonly ending: CallEnding,
  ) {}

  @Get(':id')
  @Header('Cache-Control', 'no-store')
  find(@Param('id') id: string, @Req() request: AuthenticatedRequest): Promise<CallReport> {
    return this.owned(id, request);
  }

  /** Cancels the call; one that has already ended stays as it is. */
  @Delete(':id')
  @HttpCode(202)
  @Policy('tools:call')
  async cancel(@Param('id') id: string, @Req() request: AuthenticatedRequest): Promise<CallReport> {
    await this.ending.cancel(await this.owned(id, request));
    return this.owned(id, request);
  }

  private async owned(id: string, request: AuthenticatedRequest): Promise<CallReport> {
    const report = isUuid(id) ? await this.ledger.report(id, principalOf(request)) : undefined;
    // Foreign, unknown and malformed ids get the same bytes.
    if (!report) throw new ExaiError('NOT_FOUND');
    return report;
  }
}
