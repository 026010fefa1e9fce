import { type DynamicModule } from '@nestjs/common';
import { CONFIG, type Config } from '#libs/config';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PinoLogger } from 'nestjs-pino';
import { type DataSourceOptions } from 'typeorm';
import { dataSourceOptions, openDataSource } from './data-source.js';

/** The connection and the schema; entities register themselves with `TypeOrmModule.forFeature`. */
export class PersistenceModule {
  static forRoot(processName: string): DynamicModule {
    return {
      module: PersistenceModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [CONFIG, PinoLogger],
          useFactory: (config: Config, logger: PinoLogger) => ({
            ...dataSourceOptions(config, processName, (error) =>
              logger.debug({ err: error }, 'idle database connection lost'),
            ),
            autoLoadEntities: true,
            retryAttempts: 0,
          }),
          dataSourceFactory: (options) => openDataSource(options as DataSourceOptions),
        }),
      ],
    };
  }
}
