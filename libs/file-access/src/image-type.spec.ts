import { describe, expect, it } from 'vitest';
import { parseDataUrl } from './data-url.js';
import { imageTypeOf } from './image-type.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const bmp = Buffer.concat([bytes('BM'), Buffer.alloc(12), Buffer.from([40, 0, 0, 0])]);

describe('the kind of an image', () => {
  it.each([
    ['image/png', bytes('\x89PNG\r\n\x1A\n....')],
    ['image/jpeg', bytes('\xFF\xD8\xFF\xE0')],
    ['image/gif', bytes('GIF87a')],
    ['image/gif', bytes('GIF89a')],
    ['image/webp', bytes('RIFF\x01\x02\x03\x04WEBPVP8 ')],
    ['image/tiff', bytes('II*\0')],
    ['image/tiff', bytes('MM\0*')],
    ['image/bmp', bmp],
  ])('is read from its first bytes: %s', (type, data) => {
    expect(imageTypeOf(data)).toBe(type);
  });

  it.each([
    '',
    'BM is how this text begins',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '%PDF-1.7',
    'RIFF....WAVE',
  ])('is none for %j', (text) => {
    expect(imageTypeOf(bytes(text))).toBeUndefined();
  });
});

describe('an image in a data: URL', () => {
  it('is its type and its bytes', () => {
    expect(parseDataUrl('data:image/png;base64,AQID')).toEqual({
      mediaType: 'image/png',
      bytes: Buffer.from([1, 2, 3]),
    });
    expect(parseDataUrl('DATA:image/JPG;base64,AQID')).toMatchObject({ mediaType: 'image/jpeg' });
  });

  it.each([
    ['data:image/png,AQID', 'data:image/'],
    ['data:image/png;charset=utf-8;base64,AQID', 'data:image/'],
    ['data:;base64,AQID', 'data:image/'],
    ['data:image/png;base64', 'data:image/'],
    ['data:image/svg+xml;base64,AQID', 'image/png'],
    ['data:text/html;base64,AQID', 'image/png'],
    ['data:image/png;base64,', 'base64'],
    ['data:image/png;base64,AQI', 'base64'],
    ['data:image/png;base64,AQ ID', 'base64'],
    ['data:image/png;base64,AQ_-', 'base64'],
    ['data:image/png;base64,AR==', 'base64'],
  ])('is nothing else: %s', (source, expected) => {
    expect(parseDataUrl(source)).toEqual({ expected: expect.stringContaining(expected) as string });
  });
});
