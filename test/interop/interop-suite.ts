import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_KINDS, MODERN_REVISION } from '../harness/clients.js';
import { type Rig } from '../harness/rig.js';
import { FEATURES } from './features.js';
import { leftOut } from './left-out.js';
import { openProduct } from './product.js';
import { openSession, type Route, type Session } from './session.js';

/** Every client in the field over these routes: one gateway, the same answers. */
export function interopSuite(routes: readonly Route[]): void {
  let rig: Rig;

  beforeAll(async () => {
    rig = await openProduct();
  });

  afterAll(() => rig.close());

  const combinations = routes.flatMap((route) => CLIENT_KINDS.map((kind) => ({ kind, route })));

  describe.each(combinations)('$kind over $route', ({ kind, route }) => {
    const isModern = kind === 'v2-auto' || kind === 'v2-pinned';
    let session: Session;

    beforeAll(async () => {
      session = await openSession(kind, route, rig);
    });

    afterAll(() => session.client.close());

    it('negotiates the revision its user asked for', () => {
      expect(session.client.protocolVersion).toBe(isModern ? MODERN_REVISION : '2025-11-25');
    });

    const features = FEATURES.filter(({ name }) => leftOut(name, { route, isModern }) === undefined);

    it.each(features)('$claim', async ({ check }) => {
      await check(session);
    });
  });
}
