import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { parseDocument } from 'yaml';
import { invalid } from './catalogue.js';

const YAML = new Set(['.yaml', '.yml']);

/**
 * The content of a JSON or, by its extension, YAML file.
 * @throws ExaiError CONFIG_INVALID that names the file and the line, never what stands there
 */
export function readStructuredFile(path: string, variable: string): unknown {
  const text = readText(path, variable);
  return YAML.has(extname(path).toLowerCase())
    ? parseYaml(text, path, variable)
    : parseJson(text, path, variable);
}

function readText(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw invalid(`${path} cannot be read (${code})`, variable);
  }
}

function parseJson(text: string, path: string, variable: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The message quotes the text, which may hold a key; only the place is passed on.
    const offset = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const line = offset === undefined ? '' : ` (line ${text.slice(0, Number(offset)).split('\n').length})`;
    throw invalid(`${path} is not valid JSON${line}`, variable);
  }
}

function parseYaml(text: string, path: string, variable: string): unknown {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [fault] = document.errors;
  if (!fault) return document.toJS() as unknown;
  const line = fault.linePos?.[0].line;
  throw invalid(`${path} is not valid YAML${line === undefined ? '' : ` (line ${line})`}`, variable);
}
