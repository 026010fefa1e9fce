import { loadConfig } from '#libs/config';
import { describe, expect, it } from 'vitest';
import { gatewayAddress } from './gateway-address.js';

const configOf = (environment: Record<string, string> = {}) =>
  loadConfig({ HOME: '/nowhere', ...environment }, { serving: false });

describe('gatewayAddress', () => {
  it('is the local gateway by default', () => {
    expect(gatewayAddress(configOf({ PORT: '9000' }))).toEqual({
      baseUrl: 'http://127.0.0.1:9000',
      mcpUrl: 'http://127.0.0.1:9000/mcp',
      wsUrl: 'ws://127.0.0.1:9000/ws',
      isDefault: true,
      isLoopback: true,
    });
  });

  it.each([
    ['0.0.0.0', 'http://127.0.0.1:8079'],
    ['::', 'http://[::1]:8079'],
    ['::1', 'http://[::1]:8079'],
    ['gateway', 'http://gateway:8079'],
  ])('reaches a gateway that listens on %s', (HOST, expected) => {
    expect(gatewayAddress(configOf({ HOST })).baseUrl).toBe(expected);
  });

  it.each([
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000', true],
    ['ws://localhost:9000/ws', 'http://localhost:9000', true],
    ['https://exai.example.com/mcp', 'https://exai.example.com', false],
    ['wss://exai.example.com/tools/ws/', 'https://exai.example.com/tools', false],
    ['https://exai.example.com/tools/', 'https://exai.example.com/tools', false],
  ])('takes %s in any of its forms', (url, baseUrl, isLoopback) => {
    const address = gatewayAddress(configOf(), url);
    expect(address).toMatchObject({ baseUrl, isLoopback, isDefault: false });
    expect(address.wsUrl).toBe(`${baseUrl.replace('http', 'ws')}/ws`);
  });

  it('prefers the flag to EXAI_URL', () => {
    const config = configOf({ EXAI_URL: 'https://one.example.com' });
    expect(gatewayAddress(config).baseUrl).toBe('https://one.example.com');
    expect(gatewayAddress(config, 'https://two.example.com').baseUrl).toBe('https://two.example.com');
  });

  it.each(['nonsense', 'ftp://example.com'])('refuses %s', (url) => {
    expect(() => gatewayAddress(configOf(), url)).toThrow(TypeError);
  });
});
