import { loadConfig } from '#libs/config';
import { describe, expect, it } from 'vitest';
import { gatewayAddress } from '../gateway-address.js';
import { readsFiles } from './file-side.js';

describe('files are read on this side', () => {
  it.each([
    ['http://127.0.0.1:8079', 'auto', false],
    ['ws://localhost:8079/ws', 'auto', false],
    ['https://gateway.example/mcp', 'auto', true],
    ['http://192.168.0.7:8079', 'auto', true],
    ['https://gateway.example/mcp', 'gateway', false],
    ['http://127.0.0.1:8079', 'client', true],
  ])('%s, EXAI_SHIM_FILES=%s: %s', (url, side, expected) => {
    const config = loadConfig({ EXAI_URL: url, EXAI_SHIM_FILES: side }, { serving: false });
    expect(readsFiles(config.client, gatewayAddress(config))).toBe(expected);
  });
});
