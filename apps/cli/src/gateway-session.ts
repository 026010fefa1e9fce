import { type GatewayOptions } from './command-parts.js';
import { usageFailure } from './cli-failure.js';
import { gatewayFailure } from './gateway-failure.js';
import { type Progress, type ToolEntry, type ToolResult } from './tool-messages.js';
import { gatewayAddress, type GatewayAddress } from '../../stdio/src/gateway-address.js';
import { readToken } from '../../stdio/src/local-files.js';
import { loadConfig, PRODUCT, readEnvironment, type Config } from '#libs/config';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export interface CallSettings {
  readonly signal?: AbortSignal;
  /** The caller's own limit for the call. */
  readonly timeoutMs?: number | undefined;
  readonly onProgress?: (progress: Progress) => void;
}

/** A gateway that sends nothing for this long, not even a sign of life, is taken for dead. */
const SILENCE_LIMIT_MS = 60_000;
/** The gateway ends an overdue call itself and says why; only if it does not, we do. */
const EXTRA_MS = 5_000;
const HELLO_LIMIT_MS = 15_000;

/**
 * The gateway as the commands see it. Streamable HTTP with `auto`: on 2026-07-28 that is one short probe and then
 * one request per call, no session to open and delete; closing the stream cancels the call, also when this process
 * is killed; and an older gateway is still understood.
 */
export class GatewaySession {
  private constructor(
    private readonly client: Client,
    private readonly contact: { readonly address: string; readonly hasToken: boolean },
  ) {}

  /** @throws CliFailure */
  static async open(options: GatewayOptions): Promise<GatewaySession> {
    const environment = readEnvironment();
    const config = loadConfig(environment, { serving: false });
    const address = addressOf(config, options.url);
    const token = readToken({ environment, config, address, tokenFile: options.tokenFile });
    const contact = { address: address.baseUrl, hasToken: token !== undefined };
    const client = new Client(
      { name: 'exai-cli', version: PRODUCT.version },
      { versionNegotiation: { mode: 'auto' } },
    );
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const transport = new StreamableHTTPClientTransport(new URL(address.mcpUrl), {
      requestInit: { headers },
    });
    try {
      await client.connect(transport, { timeout: HELLO_LIMIT_MS });
    } catch (error) {
      throw gatewayFailure(error, contact);
    }
    return new GatewaySession(client, contact);
  }

  /** @throws CliFailure */
  async tools(): Promise<readonly ToolEntry[]> {
    try {
      const { tools } = await this.client.request({ method: 'tools/list', params: {} });
      return tools as unknown as readonly ToolEntry[];
    } catch (error) {
      throw gatewayFailure(error, this.contact);
    }
  }

  /** The result, a failed one too. @throws CliFailure when there is none */
  async call(
    name: string,
    args: Readonly<Record<string, unknown>>,
    { signal, timeoutMs, onProgress = () => undefined }: CallSettings = {},
  ): Promise<ToolResult> {
    const meta = timeoutMs === undefined ? {} : { _meta: { 'io.exai/timeoutMs': timeoutMs } };
    try {
      const result = await this.client.request(
        { method: 'tools/call', params: { name, arguments: args, ...meta } },
        {
          onprogress: onProgress,
          timeout: SILENCE_LIMIT_MS,
          resetTimeoutOnProgress: true,
          ...(timeoutMs !== undefined && { maxTotalTimeout: timeoutMs + EXTRA_MS }),
          ...(signal && { signal }),
        },
      );
      return result as unknown as ToolResult;
    } catch (error) {
      throw gatewayFailure(error, this.contact);
    }
  }

  async close(): Promise<void> {
    await this.client.close().catch(() => undefined);
  }
}

function addressOf(config: Config, url: string | undefined): GatewayAddress {
  try {
    return gatewayAddress(config, url);
  } catch {
    throw usageFailure(`${url} is no address of a gateway.`, 'Write it as http://host:port.');
  }
}
