/** The two generations of the protocol: sessions that are initialised, and requests that stand alone. */
export type Era = '2025' | '2026';

export const CLIENT = { name: 'bench', version: '1' };

/** What each request of the newer one carries. */
export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': CLIENT,
};
