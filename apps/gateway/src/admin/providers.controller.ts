import { Policy } from '#libs/auth';
import { type ModelsReport, SystemView } from '#libs/tools';
import { Controller, Get, Header } from '@nestjs/common';

/** Every provider and model there is, those without a key too, with their circuits. */
@Controller('api/v1/admin/providers')
@Policy('admin:read')
export class ProvidersController {
  constructor(private readonly view: SystemView) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  list(): Promise<ModelsReport> {
    return this.view.models({ includeRetired: true, everyProvider: true });
  }
}
