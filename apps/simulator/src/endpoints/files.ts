import { readBytes } from '../http-body.js';
import { InputError } from '../input-error.js';
import type { Endpoint, EndpointCall, EndpointReply } from './endpoint.js';
import type { StoredFile } from './file-store.js';

/** What boundaries and the other fields of a form may take. */
const FORM_OVERHEAD = 65_536;
const TEXT_PURPOSE = 'file-extract';

export const FILE_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/files', reply: upload },
  { method: 'GET', path: '/files', reply: list },
  { method: 'GET', path: '/files/:/content', reply: content },
  {
    method: 'GET',
    path: '/files/:',
    reply: ({ files, account, id }) => ({ body: fileOf(files.get(account, id)) }),
  },
  { method: 'DELETE', path: '/files/:', reply: remove },
];

async function upload({ incoming, files, account, prefix }: EndpointCall): Promise<EndpointReply> {
  const tooLarge = new InputError(
    `The file is larger than ${files.largestBytes} bytes.`,
    'file_too_large',
    // GLM has a status of its own for it.
    prefix.includes('/paas/') ? 435 : 413,
  );
  const bytes = await readBytes(incoming, files.largestBytes + FORM_OVERHEAD, tooLarge);
  const form = await readForm(bytes, incoming.headers['content-type']);
  const file = form.get('file');
  const purpose = form.get('purpose');
  if (!(file instanceof File)) throw new InputError('The form holds no file.', 'invalid_file');
  if (typeof purpose !== 'string' || purpose === '')
    throw new InputError('purpose is missing.', 'invalid_purpose');
  if (file.size > files.largestBytes) throw tooLarge;
  const stored = { name: file.name, purpose, content: Buffer.from(await file.arrayBuffer()) };
  return { body: fileOf(files.add(account, stored)) };
}

function list({ files, account, query }: EndpointCall): EndpointReply {
  const purpose = query.get('purpose');
  const wanted = files.list(account).filter((file) => purpose === null || file.purpose === purpose);
  return { body: { object: 'list', data: wanted.map(fileOf), has_more: false } };
}

/** The bytes as they came; of documents the text that Kimi's models are to read. */
function content({ files, account, id }: EndpointCall): EndpointReply {
  const file = files.get(account, id);
  if (file.purpose !== TEXT_PURPOSE) return { body: file.content };
  return {
    body: {
      content: file.content.toString('utf8'),
      file_type: 'application/octet-stream',
      filename: file.name,
      title: '',
      type: 'file',
    },
  };
}

function remove({ files, account, id }: EndpointCall): EndpointReply {
  files.delete(account, id);
  return { body: { id, object: 'file', deleted: true } };
}

function fileOf({ id, name, purpose, createdAt, content: { length } }: StoredFile): object {
  return {
    id,
    object: 'file',
    bytes: length,
    created_at: createdAt,
    filename: name,
    purpose,
    status: 'ready',
    status_details: '',
  };
}

async function readForm(bytes: Buffer<ArrayBuffer>, contentType: string | undefined): Promise<FormData> {
  try {
    return await new Response(bytes, { headers: { 'content-type': contentType ?? '' } }).formData();
  } catch {
    throw new InputError('The request body is no multipart form.', 'invalid_form');
  }
}
