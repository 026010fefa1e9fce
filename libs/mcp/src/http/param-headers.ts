import { ExaiError } from '#libs/errors';
import { ToolCatalog, type JsonSchema } from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { type IncomingHttpHeaders } from 'node:http';

const HEADER_KEY = 'x-mcp-header';
const HEADER_PREFIX = 'mcp-param-';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const BASE64 = /^=\?base64\?((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\?=$/;
const ENCODED = /^=\?base64\?.*\?=$/;
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** An argument whose value is sent as a header too, for those on the way who do not read bodies. */
interface HeaderArgument {
  readonly path: readonly string[];
  readonly header: string;
  readonly isNumber: boolean;
}

interface SchemaNode {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly [HEADER_KEY]?: unknown;
}

/** `Mcp-Param-*` headers of 2026-07-28: each must say what the body says, or somebody on the way was misled. */
@Injectable()
export class ParamHeaders {
  private readonly byTool: ReadonlyMap<string, readonly HeaderArgument[]>;

  constructor(catalog: ToolCatalog) {
    const found = catalog
      .list()
      .map(({ name, inputSchema }) => [name, headerArguments(inputSchema)] as const);
    this.byTool = new Map(found.filter(([, declared]) => declared.length > 0));
  }

  /**
   * @param body of an HTTP request, as parsed
   * @throws ExaiError HEADER_MISMATCH when a header of a `tools/call` is missing, unreadable or says something else
   */
  check(body: unknown, headers: IncomingHttpHeaders): void {
    if (this.byTool.size === 0) return;
    const { method, params } = (body ?? {}) as { method?: unknown; params?: Record<string, unknown> };
    if (method !== 'tools/call' || typeof params?.['name'] !== 'string') return;
    for (const argument of this.byTool.get(params['name']) ?? []) {
      const value = valueAt(params['arguments'], argument.path);
      if (value !== undefined && !agrees(headers[argument.header], value, argument)) {
        throw new ExaiError('HEADER_MISMATCH', { field: argument.header });
      }
    }
  }
}

function headerArguments(node: SchemaNode | JsonSchema, path: readonly string[] = []): HeaderArgument[] {
  const { properties = {}, type, [HEADER_KEY]: header } = node as SchemaNode;
  const own =
    typeof header === 'string' && TOKEN.test(header) && path.length > 0
      ? [
          {
            path,
            header: HEADER_PREFIX + header.toLowerCase(),
            isNumber: type === 'integer' || type === 'number',
          },
        ]
      : [];
  const inner = Object.entries(properties).flatMap(([key, child]) => headerArguments(child, [...path, key]));
  return [...own, ...inner];
}

/** Text of a plain value; undefined for what no header is expected for. */
function valueAt(args: unknown, path: readonly string[]): string | undefined {
  let node = args;
  for (const key of path) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = (node as Record<string, unknown>)[key];
  }
  if (typeof node === 'string') return node;
  if (typeof node === 'boolean') return String(node);
  const isExact = typeof node === 'number' && Number.isFinite(node) && !isUnsafeInteger(node);
  return isExact ? String(node) : undefined;
}

function isUnsafeInteger(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

function agrees(header: string | string[] | undefined, value: string, { isNumber }: HeaderArgument): boolean {
  const text = typeof header === 'string' ? decoded(header) : undefined;
  if (text === undefined) return false;
  return text === value || (isNumber && DECIMAL.test(text) && Number(text) === Number(value));
}

function decoded(header: string): string | undefined {
  if (!ENCODED.test(header)) return header;
  const base64 = BASE64.exec(header)?.[1];
  if (base64 === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}
