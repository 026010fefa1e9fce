import { type Config } from '#libs/config';
import { type GatewayAddress } from '../gateway-address.js';

/** Whether this side reads the files that calls name. A gateway on this computer sees the same disk. */
export function readsFiles(
  { files }: Pick<Config['client'], 'files'>,
  { isLoopback }: Pick<GatewayAddress, 'isLoopback'>,
): boolean {
  return files === 'client' || (files === 'auto' && !isLoopback);
}
