import { register } from 'prom-client';
import { vi } from 'vitest';

/** Run before each file that shares its process with others: takes back what an earlier one may have left there. */
register.clear();
vi.unstubAllEnvs();
