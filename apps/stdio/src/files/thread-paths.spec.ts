import { describe, expect, it } from 'vitest';
import { ThreadPaths } from './thread-paths.js';

const texts = (...paths: string[]) => ({ name: 'files', use: 'text', paths }) as const;

describe('the paths of a thread', () => {
  it('are remembered newest first, each once, with what they are', () => {
    const threads = new ThreadPaths();
    threads.add('t', [texts('/a', '/b'), { name: 'images', use: 'image', paths: ['/i.png'] }]);
    threads.add('t', [texts('/a')]);
    expect(threads.of('t')).toEqual([
      { path: '/a', isImage: false },
      { path: '/i.png', isImage: true },
      { path: '/b', isImage: false },
    ]);
    expect(threads.of('another')).toEqual([]);
  });

  it('do not include what was only looked at', () => {
    const threads = new ThreadPaths();
    threads.add('t', [
      { name: 'files_checked', use: 'named', paths: ['/a'] },
      { name: 'path', use: 'existing', paths: ['/b'] },
    ]);
    expect(threads.of('t')).toEqual([]);
  });

  it('are the newest 200', () => {
    const threads = new ThreadPaths();
    const many = Array.from({ length: 250 }, (_, index) => `/${index}`);
    threads.add('t', [texts(...many)]);
    expect(threads.of('t').map(({ path }) => path)).toEqual(many.slice(50).reverse());
  });

  it('are kept for the 100 threads that were used last', () => {
    const threads = new ThreadPaths();
    for (let index = 0; index < 100; index += 1) threads.add(`t${index}`, [texts('/a')]);
    threads.add('t0', []);
    threads.add('new', [texts('/a')]);
    expect(threads.of('t0')).toHaveLength(1);
    expect(threads.of('t1')).toEqual([]);
    expect(threads.of('new')).toHaveLength(1);
  });
});
