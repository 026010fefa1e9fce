import type { ProviderEntry } from '../define.js';
import { glm } from './glm.provider.js';
import { kimi } from './kimi.provider.js';
import { simulator } from './simulator.provider.js';

/** Every bundled provider. A provider is added by one file beside this one and one line here. */
export const PROVIDERS: readonly ProviderEntry[] = [kimi, glm, simulator];
