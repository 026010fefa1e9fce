import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type McpClient } from '../harness/clients.js';
import { eventually } from '../harness/eventually.js';
import { readCall } from '../harness/http.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** Calls that outlast the drain of their worker go to another one, and it costs them no attempt. */
describe.each(backends())('with the queue on $name', (backend) => {
  let rig: Rig;
  let client: McpClient;

  beforeAll(async () => {
    rig = await Rig.open(backend, { env: { EXAI_DRAIN_TIMEOUT_SECS: '1', EXAI_RETRY_ATTEMPTS: '1' } });
    client = await connect('v2-default', 'websocket', rig.gateway, rig.token());
  });

  afterAll(async () => {
    await client.close();
    await rig.close();
  });

  it('a call survives two workers that stop under it', async () => {
    const before = (await rig.simulator.requests()).length;
    const call = client.callTool(
      'chat',
      { prompt: '[[sim: latency(4000), echo]] still here' },
      { timeout: 60_000 },
    );
    for (let stop = 1; stop <= 2; stop += 1) {
      await eventually(
        async () => (await rig.simulator.requests()).length === before + stop,
        `start ${stop} reaches the model`,
      );
      const [leaver] = rig.workers.splice(0, 1);
      expect(await leaver?.stop()).toBe(0);
      await rig.addWorker();
    }
    const { structuredContent, _meta } = await call;
    expect(structuredContent).toMatchObject({ content: 'still here' });
    const report = await readCall(rig.gateway, rig.token(), String(_meta?.['io.exai/callId']));
    expect(report).toMatchObject({ state: 'COMPLETED', attempts: 1 });
    expect((await rig.simulator.requests()).length).toBe(before + 3);
  }, 90_000);
});
