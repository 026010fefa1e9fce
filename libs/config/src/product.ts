import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Product {
  readonly name: string;
  readonly version: string;
  /** Directory that holds package.json. */
  readonly root: string;
}

/** The installed package, found from this file upwards: the build lies deeper than the sources. */
export const PRODUCT: Product = findProduct(dirname(fileURLToPath(import.meta.url)));

function findProduct(directory: string): Product {
  try {
    const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Product;
    return { name, version, root: directory };
  } catch (error) {
    const parent = dirname(directory);
    if (parent === directory) throw error;
    return findProduct(parent);
  }
}
