import { Agent, fetch as undiciFetch } from 'undici';

export interface OutboundOptions {
  /** Also addresses that are not on the public internet: a model server of the operator's own. */
  readonly allowPrivate: boolean;
  readonly connectTimeoutMs: number;
  /** The only proxy that is honoured. */
  readonly proxy?: string;
}

/** The connections to one provider. */
export interface Outbound {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

export function openOutbound({ connectTimeoutMs }: OutboundOptions): Outbound {
  const agent = new Agent({ connect: { timeout: connectTimeoutMs } });
  return {
    fetch: ((input: string, init?: object) =>
      undiciFetch(input, { ...init, dispatcher: agent })) as unknown as typeof globalThis.fetch,
    close: () => agent.destroy(),
  };
}
