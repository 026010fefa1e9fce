import { join } from 'node:path';
import { ROOT } from '../harness/paths.js';
import { backends } from '../harness/redis.js';
import { Rig } from '../harness/rig.js';

/** As `npm run build:interop` leaves them. */
const SERVERS = join(ROOT, 'dist/test/interop/servers');

/** Gateway, worker, database and simulator as processes of their own, tokens required; closed by its `close`. */
export async function openProduct(): Promise<Rig> {
  const [backend] = backends();
  if (!backend) throw new Error('No queue.');
  return Rig.open(backend, {
    scripts: { gateway: join(SERVERS, 'gateway.js'), worker: join(SERVERS, 'worker.js') },
  });
}
