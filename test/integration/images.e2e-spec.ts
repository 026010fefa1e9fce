import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { temporaryDirectory } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';
import { startVendorServer, type VendorServer } from '../harness/vendor-server.js';

type Payload = Record<string, unknown>;

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'), Buffer.from('pixels')]);
const GIF = Buffer.from('GIF89a pixels');
const [backend] = backends();

/** Images from a real client to the vendors' APIs, in both dialects. */
describe('images', () => {
  let rig: Rig;
  let client: McpClient;
  let vendor: VendorServer;
  const directory = temporaryDirectory();
  const picture = join(directory, 'picture.png');
  const notes = join(directory, 'notes.png');
  const inline = `data:image/gif;base64,${GIF.toString('base64')}`;

  const model = (id: string, more: object = {}) => ({
    id,
    contextWindow: 100_000,
    maxOutputTokens: 4_096,
    images: true,
    ...more,
  });

  beforeAll(async () => {
    writeFileSync(picture, PNG);
    writeFileSync(notes, 'only text\n');
    vendor = await startVendorServer();
    if (!backend) throw new Error('there is no queue');
    rig = await Rig.open(backend, {
      env: (simulator) => {
        const file = join(directory, 'providers.json');
        const own = (id: string, type: string, baseUrl: string, ...models: object[]) => ({
          id,
          type,
          baseUrl,
          apiKey: `key-of-the-endpoint-${id}`,
          models,
        });
        const root = simulator.baseUrl.replace(/\/v1$/, '');
        const providers = [
          own(
            'chats',
            'openai-compatible',
            simulator.baseUrl,
            model('seeing'),
            model('small', { maxImageSizeMb: 1 }),
          ),
          own('blinds', 'openai-compatible', simulator.baseUrl, model('blind', { images: false })),
          own('messages', 'anthropic-compatible', root, model('seeing-too')),
          own('wire-chat', 'openai-compatible', `${vendor.url}/v1`, model('wire-a')),
          own('wire-messages', 'anthropic-compatible', vendor.url, model('wire-b')),
        ];
        writeFileSync(file, JSON.stringify({ providers }), { mode: 0o600 });
        return { EXAI_FILE_ROOTS: directory, EXAI_PROVIDERS_FILE: file, EXAI_LOCALE: 'de' };
      },
    });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  }, 120_000);

  afterAll(async () => {
    await client.close();
    await rig.close();
    await vendor.close();
    rmSync(directory, { recursive: true });
  });

  const call = async (tool: string, args: Payload, by = client): Promise<Payload> =>
    (await by.callTool(tool, args)).structuredContent ?? {};
  const chat = (args: Payload, by = client) => call('chat', { prompt: '[[sim: echo]] look', ...args }, by);
  const imagesOf = async (payload: Payload): Promise<(readonly string[])[]> => {
    const { correlation_id: id } = payload['metadata'] as { correlation_id: string };
    return (await rig.simulator.requestsOf(id)).map(({ images }) => images);
  };
  const errorOf = (payload: Payload) =>
    payload['error'] as { code: string; message: string; details: Payload };

  it.each(['chats/seeing', 'messages/seeing-too'])(
    'reach %s behind the text that names them',
    async (name) => {
      const payload = await chat({ model: name, images: [picture, inline] });
      expect(payload['content']).toContain(`1. ${picture}\n2. inline image 2\n\n`);
      expect(await imagesOf(payload)).toEqual([['image/png', 'image/gif']]);
    },
  );

  it.each([
    [
      'wire-chat/wire-a',
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG.toString('base64')}` } },
    ],
    [
      'wire-messages/wire-b',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') } },
    ],
  ])(
    'stand on the wire as %s wants them, under a prompt with the language of the answer',
    async (name, part) => {
      await chat({ model: name, images: [picture] });
      const body = vendor.requests.at(-1)?.body as { system?: unknown; messages: { content: unknown }[] };
      const [text, image] = body.messages.at(-1)?.content as [{ text: string }, object];
      expect(text.text).toContain('look');
      expect(image).toMatchObject(part);
      expect(JSON.stringify(body.system ?? body.messages[0]?.content)).toContain('Answer in German (de).');
    },
  );

  it('may be larger than any text', async () => {
    const large = Buffer.concat([PNG, Buffer.alloc(600_000, 7)]);
    const url = `data:image/png;base64,${large.toString('base64')}`;
    expect(await imagesOf(await chat({ model: 'chats/seeing', images: [url] }))).toEqual([['image/png']]);
  });

  it('are refused by a model that cannot see, before anything is sent, with names of those that can', async () => {
    const payload = await chat({ model: 'blind', images: [picture] });
    expect(errorOf(payload)).toMatchObject({ code: 'MODEL_CAPABILITY' });
    expect(errorOf(payload).details['suggestions']).toContain('seeing');
    expect(await imagesOf(payload)).toEqual([]);
  });

  it('choose the model where nobody named one, and are never left out', async () => {
    const payload = await chat({ images: [picture] });
    expect(payload['metadata']).toMatchObject({ route: { category: 'MULTIMODAL' } });
    const blindOnly = rig.token({ claims: { models: ['blind'] } });
    const other = await connect('v2-default', 'websocket', rig.gateway, blindOnly);
    try {
      const refused = errorOf(await chat({ images: [picture] }, other));
      expect(refused).toMatchObject({ code: 'NO_MODEL_AVAILABLE' });
      expect(refused.message).toContain('takes no images');
    } finally {
      await other.close();
    }
  });

  it.each([
    ['FILE_BINARY', notes],
    ['FILE_DENIED', '/etc/hostname'],
    ['FILE_NOT_FOUND', join(directory, 'gone.png')],
    ['INVALID_ARGUMENT', 'https://example.org/a.png'],
    ['INVALID_ARGUMENT', `data:image/png;base64,${GIF.toString('base64')}`],
  ])('are refused with %s before anything is sent: %s', async (code, image) => {
    const payload = await chat({ model: 'chats/seeing', images: [image] });
    expect(errorOf(payload)).toMatchObject({ code });
    expect(await imagesOf(payload)).toEqual([]);
  });

  it('are held to the limit of the model', async () => {
    const large = join(directory, 'large.png');
    writeFileSync(large, Buffer.concat([PNG, Buffer.alloc(1_048_576)]));
    const payload = await chat({ model: 'small', images: [large] });
    expect(errorOf(payload)).toMatchObject({ code: 'FILE_TOO_LARGE' });
    expect(await imagesOf(payload)).toEqual([]);
  });

  it('need the right to read files, unless they are inline', async () => {
    const scopes = ['tools:list', 'tools:call'];
    const other = await connect('v2-default', 'websocket', rig.gateway, rig.token({ scopes }));
    try {
      const refused = await chat({ model: 'chats/seeing', images: [picture] }, other);
      expect(errorOf(refused)).toMatchObject({ code: 'FORBIDDEN' });
      const payload = await chat({ model: 'chats/seeing', images: [inline] }, other);
      expect(await imagesOf(payload)).toEqual([['image/gif']]);
    } finally {
      await other.close();
    }
  });

  it('do not come back in later turns', async () => {
    const first = await chat({ model: 'chats/seeing', images: [picture] });
    const later = await chat({ model: 'chats/seeing', continuation_id: first['continuation_id'] });
    expect(await imagesOf(later)).toEqual([[]]);
    expect(later['content']).not.toContain('Not shown');
  });

  it('of all steps of a workflow reach the model at its end', async () => {
    const soonGone = join(directory, 'soon-gone.png');
    writeFileSync(soonGone, PNG);
    const step = { model: 'chats/seeing', total_steps: 3, next_step_required: true, findings: 'seen' };
    const first = await call('debug', { ...step, step: 'a', step_number: 1, images: [picture, soonGone] });
    expect(first).toMatchObject({ investigation_status: { images_collected: 2 } });
    const continuation = { continuation_id: first['continuation_id'] };
    await call('debug', { ...step, ...continuation, step: 'b', step_number: 2, images: inline });
    rmSync(soonGone);
    const last = await call('debug', {
      ...step,
      ...continuation,
      step: 'c',
      step_number: 3,
      next_step_required: false,
      findings: '[[sim: echo]]',
    });
    expect(await imagesOf(last)).toEqual([['image/png', 'image/gif']]);
    expect(last['metadata']).toMatchObject({ warnings: [`not shown to the model: ${soonGone} (gone)`] });
    const { raw_analysis: text } = last['expert_analysis'] as { raw_analysis: string };
    expect(text).toContain(`1. ${picture}\n2. inline image 3`);
    expect(text).not.toContain('base64');
  });

  it('of a step are looked at as soon as they are named', async () => {
    const step = { step: 'a', step_number: 1, total_steps: 3, next_step_required: true, findings: 'seen' };
    expect(errorOf(await call('debug', { ...step, model: 'chats/seeing', images: [notes] }))).toMatchObject({
      code: 'FILE_BINARY',
    });
    expect(errorOf(await call('debug', { ...step, model: 'blind', images: [picture] }))).toMatchObject({
      code: 'MODEL_CAPABILITY',
    });
  });
});
