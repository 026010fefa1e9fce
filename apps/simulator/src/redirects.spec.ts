import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { watchSimulator, type WatchedSimulator } from '../../../test/harness/simulator.js';

let simulator: WatchedSimulator;
let target: WatchedSimulator;

beforeAll(async () => {
  [simulator, target] = await Promise.all([watchSimulator(), watchSimulator()]);
});

afterEach(() => simulator.resetControl());

afterAll(async () => {
  await Promise.all([simulator.close(), target.close()]);
});

function ask(script: string, redirect: 'follow' | 'manual', requestId = 'any'): Promise<Response> {
  return fetch(`${simulator.baseUrl}/chat/completions`, {
    method: 'POST',
    redirect,
    headers: { 'x-request-id': requestId },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `[[sim: ${script}]]` }] }),
  });
}

describe('a redirect', () => {
  it('points to the metadata service, to where the control says, or to where the script says', async () => {
    const locationOf = async (script: string) => (await ask(script, 'manual')).headers.get('location');
    expect(await locationOf('redirect-private')).toBe('http://169.254.169.254/');
    simulator.control({ redirectTo: 'http://10.0.0.1/x' });
    expect(await locationOf('redirect-private')).toBe('http://10.0.0.1/x');
    expect(await locationOf('redirect-private(http://[::1]/)')).toBe('http://[::1]/');
    expect((await ask('redirect-private(nowhere)', 'manual')).status).toBe(400);
  });

  it('leaves a trace at its target when a client follows it', async () => {
    expect(target.openSockets()).toBe(0);
    await ask(`redirect-private(http://127.0.0.1:${target.port}/health)`, 'manual');
    expect(target.openSockets()).toBe(0);
    const followed = await ask(`redirect-private(http://127.0.0.1:${target.port}/health)`, 'follow');
    expect(await followed.json()).toMatchObject({ service: 'simulator' });
    expect(target.openSockets()).toBe(1);
  });

  it('to itself brings back the very same request until the client gives up', async () => {
    await expect(ask('redirect-loop, latency(0)', 'follow', 'loop')).rejects.toThrow('fetch failed');
    expect((await simulator.requestsOf('loop')).length).toBeGreaterThan(10);
  });
});
