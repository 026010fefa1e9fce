import { describe, expect, it } from 'vitest';
import { programEnvironment } from './program-environment.js';

describe('the environment of a program', () => {
  it('holds what every program needs, under the name it has here, and nothing else', () => {
    const needed = { HOME: '/home/ada', LANG: 'de_DE.UTF-8', TMPDIR: '/tmp', SystemRoot: 'C:\\Windows' };
    const ours = {
      EXAI_TOKEN: 'x',
      KIMI_API_KEY: 'x',
      DATABASE_URL: 'x',
      JWT_SECRET_KEY: 'x',
      LD_PRELOAD: 'x',
    };
    expect(programEnvironment({ ...needed, ...ours, USER: undefined })).toEqual(needed);
  });

  it('finds programs in absolute directories only', () => {
    const environment = { Path: '/usr/bin:.::bin:../x:/bin' };
    expect(programEnvironment(environment)).toEqual({ PATH: '/usr/bin:/bin' });
  });
});
