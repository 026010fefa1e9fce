import { join } from 'node:path';
import { eventually } from './eventually.js';
import { modernCall, postModern, type ModernAnswer, type ModernOptions } from './modern-http.js';
import { ROOT } from './paths.js';
import { type Backend } from './redis.js';
import { Rig, type RigOptions } from './rig.js';
import { type Gateway } from './standalone.js';

const SERVERS = join(ROOT, 'test/integration/asking-servers');
const SCRIPTS = { gateway: join(SERVERS, 'gateway.mjs'), worker: join(SERVERS, 'worker.mjs') };

/** Capabilities of a client that knows tasks. */
export const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

/** Two gateways of one rig, whose servers have tools that ask, and one caller who speaks 2026-07-28 with both. */
export class GatewayPair {
  private constructor(
    readonly rig: Rig,
    readonly here: Gateway,
    readonly there: Gateway,
    readonly token: string,
  ) {}

  static async open(backend: Backend, env: RigOptions['env'] = {}): Promise<GatewayPair> {
    const rig = await Rig.open(backend, { gateways: 2, scripts: SCRIPTS, env });
    const [here, there] = rig.gateways;
    if (!here || !there) throw new Error('Two gateways are needed.');
    return new GatewayPair(rig, here, there, rig.token({ subject: 'owner' }));
  }

  send(server: Gateway, method: string, params: object = {}, options: ModernOptions = {}) {
    return postModern(server, this.token, method, params as Record<string, unknown>, options);
  }

  call(server: Gateway, name: string, args: object, options: ModernOptions = {}) {
    return modernCall(server, this.token, name, args as Record<string, unknown>, options);
  }

  chat(server: Gateway, prompt: string, options?: ModernOptions) {
    return this.call(server, 'chat', { prompt, model: 'simulator-1' }, options);
  }

  /** Starts a chat and waits until it is at the model. */
  async begin<T>(chat: () => Promise<T>): Promise<{ readonly id: string; readonly answer: Promise<T> }> {
    const { simulator } = this.rig;
    const before = (await simulator.requests()).length;
    const answer = chat();
    // Whoever needs the answer looks at it later; until then its failure is nobody's.
    answer.catch(() => undefined);
    const { requestId } = await eventually(
      async () => (await simulator.requests())[before],
      'the call is at the model',
    );
    return { id: requestId, answer };
  }
}

/** `structuredContent` of a result. */
export function payloadOf({ result, error }: ModernAnswer) {
  if (!result) throw new Error(`No result: ${JSON.stringify(error)}`);
  return result['structuredContent'] as Record<string, unknown> & { error?: { code: string } };
}

export function callIdOf({ result }: ModernAnswer): string {
  return String((result?.['_meta'] as Record<string, unknown>)['io.exai/callId']);
}

/** The thread in which a call can be followed by another one. */
export function threadOf(answer: ModernAnswer): string {
  return (payloadOf(answer)['continuation_offer'] as { continuation_id: string }).continuation_id;
}

/** What a retry carries that answers these questions. */
export function answerTo({ result }: ModernAnswer, inputResponses: Record<string, unknown>): ModernOptions {
  return { inputResponses, requestState: result?.['requestState'] };
}

export function accept(content: Record<string, unknown>) {
  return { action: 'accept', content };
}
