import { type LoopOrder } from './closed-loop.js';

/** A loop, or one round trip. */
export type QueueOrder = LoopOrder | { readonly once: true };
