import { AuthService } from '#libs/auth';
import { PRODUCT, type Config } from '#libs/config';
import { AdmissionControl } from '#libs/dispatch';
import { ExaiError } from '#libs/errors';
import { McpHttpEndpoint, McpWebSocketEndpoint, type Extension } from '#libs/mcp';
import { Metrics, nestLogger, type Logger } from '#libs/observability';
import { ProviderRegistry } from '#libs/providers';
import { ToolCatalog } from '#libs/tools';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { type Server } from 'node:http';
import { GatewayModule } from './gateway.module.js';
import { McpHttpRoute } from './mcp/mcp-http.route.js';
import { McpWsAdapter } from './mcp/mcp-ws.adapter.js';
import { type ProcessFacts } from './process-facts.js';
import { requestGate } from './request-gate.js';

export interface Gateway {
  /** Without a trailing slash. */
  readonly url: string;
  readonly catalog: ToolCatalog;
  readonly providers: ProviderRegistry;
  /** Open sockets, sessions and calls; 0 = nobody would notice the end. */
  activity(): number;
  /** Drains, then closes everything that the gateway opened. */
  close(): Promise<void>;
}

/**
 * Builds the whole gateway, then listens: nothing answers before tools, providers, schema and queue stand.
 * @param extension tools, prompts and resources beside the product's own; the worker must get the same
 * @throws ExaiError CONFIG_INVALID, STORE_UNAVAILABLE, QUEUE_UNAVAILABLE, LISTEN_FAILED
 */
export async function startGateway(
  config: Config,
  logger: Logger,
  facts: ProcessFacts,
  extension?: Extension,
): Promise<Gateway> {
  const app = await NestFactory.create<NestExpressApplication>(
    GatewayModule.forRoot(config, logger, facts, extension),
    { bodyParser: false, logger: nestLogger(logger), abortOnError: false },
  );
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(requestGate(config, app.get(AuthService)));
  app.useBodyParser('json', { limit: config.limits.maxBodyBytes });
  app.useWebSocketAdapter(new McpWsAdapter(app));
  const server = app.getHttpServer();
  await app.init();
  app.get(McpHttpRoute).mount(server);
  server.maxConnections = config.limits.maxConnections;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000;
  await listen(app, config);
  app.get(Metrics).buildInfo.set({ version: PRODUCT.version, process: 'gateway' }, 1);
  return describe(app, server, config);
}

async function listen(app: NestExpressApplication, config: Config): Promise<void> {
  const { host, port } = config.server;
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string' || !['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(code)) throw error;
    throw new ExaiError('LISTEN_FAILED', { host, port, variable: 'PORT', reason: code }, { cause: error });
  }
}

function describe(app: NestExpressApplication, server: Server, config: Config): Gateway {
  const http = app.get(McpHttpEndpoint);
  const websocket = app.get(McpWebSocketEndpoint);
  const admission = app.get(AdmissionControl);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : config.server.port;
  return {
    url: `http://${config.server.host.includes(':') ? `[${config.server.host}]` : config.server.host}:${port}`,
    catalog: app.get(ToolCatalog),
    providers: app.get(ProviderRegistry),
    activity: () => http.connections + websocket.connections + admission.openCalls,
    close: () => app.close(),
  };
}
