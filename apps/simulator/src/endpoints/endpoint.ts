import type { IncomingMessage } from 'node:http';
import type { FileStore } from './file-store.js';
import type { ModelList } from './model-list.js';

/** A request for something else than a model's answer. */
export interface EndpointCall {
  readonly incoming: IncomingMessage;
  /** The path up to the endpoint's own: tells vendors apart where they differ. */
  readonly prefix: string;
  /** What stands in the path where the endpoint has a `:`, decoded. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** First digits of the hash of the key; vendors keep accounts apart. */
  readonly account: string;
  readonly models: ModelList;
  readonly files: FileStore;
}

export interface EndpointReply {
  readonly status?: number;
  readonly body: object | Buffer;
}

/** One way beside chats that a vendor can be asked. Adding one is one entry in `endpoints.ts`. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** End of the path; `:` stands for an id, which may hold slashes. */
  readonly path: string;
  reply(call: EndpointCall): EndpointReply | Promise<EndpointReply>;
}
