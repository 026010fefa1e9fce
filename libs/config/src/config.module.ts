import { type DynamicModule } from '@nestjs/common';
import { type Config } from './config.js';

/** Injection token of the frozen `Config`: `@Inject(CONFIG) config: Config`. */
export const CONFIG = Symbol('CONFIG');

/** Global module that provides `CONFIG`. Needs no decorator, so the command line can import this lib without Nest. */
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      providers: [{ provide: CONFIG, useValue: config }],
      exports: [CONFIG],
    };
  }
}
