export { dataSourceOptions, openDataSource, SCHEMA_VERSION } from './data-source.js';
export {
  findEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.js';
export { PersistenceModule } from './persistence.module.js';
