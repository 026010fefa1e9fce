import { randomUUID } from 'node:crypto';

export interface MultipartFile {
  /** Name of the form field. */
  readonly field: string;
  readonly name: string;
  readonly content: Uint8Array;
}

/** The body of a form with one file. Built here, as the connections and the vendor's package differ in their classes. */
export function multipart(
  fields: Readonly<Record<string, string>>,
  file: MultipartFile,
): { readonly body: Uint8Array; readonly contentType: string } {
  const boundary = `exai-${randomUUID()}`;
  const start = (disposition: string): string =>
    `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n`;
  const stated = Object.entries(fields).map(
    ([name, value]) => `${start(`name="${quoted(name)}"`)}\r\n${value}\r\n`,
  );
  const opening = `${start(`name="${quoted(file.field)}"; filename="${quoted(file.name)}"`)}content-type: application/octet-stream\r\n\r\n`;
  const body = Buffer.concat([
    Buffer.from(stated.join('') + opening),
    file.content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { body, contentType: `multipart/form-data; boundary=${boundary}` };
}

/** As browsers write it: what would end the quotes or the line is percent-encoded. */
function quoted(text: string): string {
  return text.replace(/["\r\n]/g, (character) => encodeURIComponent(character));
}
