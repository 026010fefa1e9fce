import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface VendorRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
  /** Of the client's side of the connection. */
  readonly clientPort: number | undefined;
}

/** A real HTTP server with just enough of both dialects to answer every request of a provider once. */
export interface VendorServer {
  /** Without a path. */
  readonly url: string;
  readonly requests: readonly VendorRequest[];
  /** Ids that the list of models names. */
  models: readonly string[];
  /** Every further chat request waits until this resolves. */
  hold: Promise<void>;
  /** Every further request is refused with this status. */
  refuseWith: number | undefined;
  close(): Promise<void>;
}

const ANSWER = 'The answer.';

export async function startVendorServer(): Promise<VendorServer> {
  const requests: VendorRequest[] = [];
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const request = {
        method: incoming.method ?? '',
        path: (incoming.url ?? '').replace(/\?.*$/, ''),
        headers: incoming.headers,
        body: parsed(text),
        clientPort: incoming.socket.remotePort,
      };
      requests.push(request);
      void answer(vendor, request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const vendor: VendorServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    models: ['model-a'],
    hold: Promise.resolve(),
    refuseWith: undefined,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return vendor;
}

async function answer(
  { models, hold, refuseWith }: VendorServer,
  { method, path, body }: VendorRequest,
  response: ServerResponse,
): Promise<void> {
  if (refuseWith !== undefined) return send(response, { error: { message: 'refused' } }, refuseWith);
  if (path.endsWith('/models')) {
    return send(response, { data: models.map((id) => ({ id })), has_more: false });
  }
  if (path.includes('/files')) return answerFile(response, method, path);
  await hold;
  const { model, stream } = body as { model: string; stream?: boolean };
  const events = path.endsWith('/messages') ? messageEvents(model) : chatEvents(model);
  if (!stream) {
    return send(response, path.endsWith('/messages') ? wholeMessage(model) : wholeChat(model));
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(events);
}

function answerFile(response: ServerResponse, method: string, path: string): void {
  const file = { id: 'file-1', filename: 'a.txt', bytes: 3, created_at: 1_760_000_000, purpose: 'test' };
  if (path.endsWith('/content')) {
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('the content');
  } else if (method === 'DELETE') send(response, { id: 'file-1', deleted: true });
  else send(response, method === 'GET' && path.endsWith('/files') ? { data: [file] } : file);
}

function wholeChat(model: string): object {
  const message = { role: 'assistant', content: ANSWER };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  return { id: 'c1', model, choices: [{ index: 0, message, finish_reason: 'stop' }], usage };
}

function chatEvents(model: string): string {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c1', model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const usage = { id: 'c1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } };
  return [
    chunk({ role: 'assistant', content: 'The ' }),
    chunk({ content: 'answer.' }),
    chunk({}, 'stop'),
    `data: ${JSON.stringify(usage)}\n\n`,
    'data: [DONE]\n\n',
  ].join('');
}

function wholeMessage(model: string): object {
  return {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: ANSWER }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 },
  };
}

function messageEvents(model: string): string {
  const start = { ...wholeMessage(model), content: [], stop_reason: null };
  const text = (value: string) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: value },
  });
  const events = [
    { type: 'message_start', message: start },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    text('The '),
    text('answer.'),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 2 },
    },
    { type: 'message_stop' },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

function send(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
