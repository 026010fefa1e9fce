// Preload for Node 20: both conformance suites import `globSync` of `fs`, which only Node 22 has, though nothing that
// a server run does calls it. Used as `node --import <this file>`; a Node that has it is left alone.
import fs from 'node:fs';
import { register } from 'node:module';

const HOOK = `
const SUITES = /\\/node_modules\\/(conformance-\\d+|@modelcontextprotocol\\/conformance)\\/dist\\//;
const names = Object.keys(await import('node:fs')).filter((name) => name !== 'default');
const stand_in = [
  "import fs from 'node:fs';",
  'export default fs;',
  'export const { ' + names.join(', ') + ' } = fs;',
  "export function globSync() { throw new Error('fs.globSync needs Node 22.'); }",
].join('\\n');
const url = 'data:text/javascript,' + encodeURIComponent(stand_in);

export async function resolve(specifier, context, next) {
  const wanted = specifier === 'fs' && SUITES.test(context.parentURL ?? '');
  return wanted ? { url, format: 'module', shortCircuit: true } : next(specifier, context);
}
`;

if (!('globSync' in fs)) register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
