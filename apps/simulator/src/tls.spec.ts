import { request } from 'node:https';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../../test/harness/certificates.js';
import { watchSimulator, type WatchedSimulator } from '../../../test/harness/simulator.js';

let certificates: Certificates;
let simulator: WatchedSimulator;

beforeAll(async () => {
  certificates = await makeCertificates();
});

afterEach(() => simulator.close());

/** The status, or why there is none. */
function ask(script: string, path = '/v1/chat/completions'): Promise<string> {
  const { ca } = certificates;
  const body = {
    model: 'simulator-1',
    max_tokens: 100,
    stream: true,
    messages: [{ role: 'user', content: `[[sim: ${script}]]` }],
  };
  return new Promise((resolve) => {
    const sent = request(
      { host: '127.0.0.1', port: simulator.port, path, method: 'POST', ca: ca.cert, agent: false },
      (response) => {
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
        response.on('end', () => resolve(String(response.statusCode)));
        response.resume();
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
    sent.end(JSON.stringify(body));
  });
}

describe('a simulator with a certificate', () => {
  it.each(['/v1/chat/completions', '/v1/messages'])('answers over HTTPS, %s', async (path) => {
    simulator = await watchSimulator({ tls: certificates.good });
    expect(simulator.baseUrl).toBe(`https://127.0.0.1:${simulator.port}/v1`);
    expect(await ask('ok', path)).toBe('200');
    expect(await ask('503', path)).toBe('503');
    expect(await simulator.requests()).toHaveLength(2);
  });

  it.each([
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const)('is refused when it is %s, before anything is sent', async (kind, code) => {
    simulator = await watchSimulator({ tls: certificates[kind] });
    expect(await ask('ok')).toBe(code);
    expect(await simulator.requests()).toEqual([]);
  });

  it('resets connections beneath the encryption, and forgets them', async () => {
    simulator = await watchSimulator({ tls: certificates.good });
    expect(await ask('rst-mid-body')).toBe('ECONNRESET');
    expect((await simulator.requests())[0]).toMatchObject({ cut: true, aborted: false });
    await expect.poll(() => simulator.openSockets()).toBe(0);
  });

  it('closes with requests under way', async () => {
    simulator = await watchSimulator({ tls: certificates.good });
    const hanging = ask('hang-accept');
    await simulator.waitFor(() => true, 'the request is there');
    await simulator.close();
    expect(await hanging).toBe('ECONNRESET');
    expect(simulator.openSockets()).toBe(0);
  });
});
