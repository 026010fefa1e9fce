/** A JSON-RPC message, as far as a bridge looks into it. */
export interface Message {
  readonly jsonrpc: '2.0';
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>> & {
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A connection that carries nothing but messages. */
export interface Wire {
  send(message: Message): void;
  onMessage(listener: (message: Message) => void): void;
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export type OpenWire = () => Promise<Wire>;
