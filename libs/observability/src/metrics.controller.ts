import { Controller, Get, Header } from '@nestjs/common';
import { register } from 'prom-client';

/** Its path is set by `PrometheusModule.register`. */
@Controller()
export class MetricsController {
  @Get()
  @Header('Content-Type', register.contentType)
  scrape(): Promise<string> {
    return register.metrics();
  }
}
