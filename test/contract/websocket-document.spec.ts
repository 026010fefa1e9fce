import { readFileSync } from 'node:fs';
import { LEEWAY_SECONDS, TICKET_SECONDS } from '#libs/auth';
import { describeSettings } from '#libs/config';
import { catalogue, type ErrorCode } from '#libs/errors';
import { CLOSE, HEARTBEAT, WEBSOCKET_LIMITS } from '#libs/mcp';
import { describe, expect, it } from 'vitest';

const MIB = 1_048_576;
const document = readFileSync(new URL('../../docs/websocket.md', import.meta.url), 'utf8');

/** Cells of the table below a heading, without its head. */
function tableUnder(heading: string): string[][] {
  const [, section = ''] = document.split(`\n${heading}\n`);
  const [body = ''] = section.split(/\n#+ /);
  const rows = body.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codeIn = (cell = '') => /^`([A-Z_]+)`$/.exec(cell)?.[1] as ErrorCode | undefined;

describe('docs/websocket.md', () => {
  it('lists exactly the close codes that are sent', () => {
    const fromLibrary = [1002, 1007, 1009];
    const sent = [...Object.values(CLOSE), ...fromLibrary].sort((a, b) => a - b);
    expect(tableUnder('## Close codes').map(([code]) => Number(code))).toEqual(sent);
  });

  it('names with each close code the error of the catalogue that closes with it', () => {
    for (const [code, error] of tableUnder('## Close codes')) {
      const name = codeIn(error);
      if (name) expect([name, catalogue[name].wsClose]).toEqual([name, Number(code)]);
    }
  });

  it('names with each refused upgrade the status of the catalogue', () => {
    const rows = tableUnder('### Refused upgrades');
    expect(rows.length).toBeGreaterThan(5);
    for (const [status, error = ''] of rows) {
      const name = codeIn(error);
      expect([error, name && catalogue[name].http]).toEqual([error, Number(status)]);
    }
  });

  it('gives the limits that the program has', () => {
    const settings = Object.fromEntries(describeSettings().map((item) => [item.variable, item.default]));
    const constants: Record<string, string> = {
      'sockets per principal and gateway': String(WEBSOCKET_LIMITS.socketsPerPrincipal),
      'ping and pong frames per second': String(WEBSOCKET_LIMITS.controlFramesPerSecond),
      'unreadable messages per socket': String(WEBSOCKET_LIMITS.unreadableFrames),
      'not yet sent, then progress is coalesced': `${WEBSOCKET_LIMITS.slowReaderBytes / MIB} MiB`,
      'not yet sent, then the socket is closed': `${WEBSOCKET_LIMITS.tooSlowReaderBytes / MIB} MiB`,
      'ping of the server every': `${HEARTBEAT.pingEveryMs / 1_000} s`,
      'unanswered pings': String(HEARTBEAT.missedPongs),
      'answer to a close frame within': `${WEBSOCKET_LIMITS.closeMs / 1_000} s`,
      'tickets being looked up': String(WEBSOCKET_LIMITS.unfinishedUpgrades),
      'look-up of a ticket within': `${WEBSOCKET_LIMITS.upgradeMs / 1_000} s`,
      'life of a ticket': `${TICKET_SECONDS} s`,
    };
    const rows = tableUnder('## Limits');
    const told = rows.map(([limit = '', , setting = '']) => (setting === '' ? limit : setting));
    expect(told.filter((name) => !name.startsWith('`')).sort()).toEqual(Object.keys(constants).sort());
    for (const [limit = '', value = '', setting = ''] of rows) {
      const variable = /^`(\w+)`$/.exec(setting)?.[1];
      const held = variable === undefined ? constants[limit] : settings[variable];
      expect([limit, held?.split(' ')[0]]).toEqual([limit, value.split(' ')[0]]);
    }
  });

  it('tells the leeway of tokens and the numbers of errors as they are', () => {
    expect(document).toContain(`the token ended, ${LEEWAY_SECONDS} s ago at least`);
    for (const code of ['PARSE_ERROR', 'INVALID_REQUEST', 'RATE_LIMITED', 'SESSION_BUSY'] as const) {
      expect(document).toContain(`${String(catalogue[code].jsonrpc)} (\`${code}\`)`);
    }
  });
});
