// The caller's request, its arguments, files and conversation.
import { type CatalogueRow } from './entry.js';
import { inside, issuesOf, limitOf, listed, modelOf, named, sentence } from './wording.js';

/** Capabilities as the protocol has them, by their names; an extension by its own. */
function capabilityNames(required: unknown): unknown {
  if (typeof required !== 'object' || required === null || Array.isArray(required)) return required;
  const { extensions = {}, ...others } = required as Readonly<Record<string, unknown>>;
  return [...Object.keys(others), ...Object.keys(extensions as object)];
}

const client = { category: 'client', retry: 'never', severity: 'info', jsonrpc: 'tool' } as const;

/** Characters: a model should see all it has to correct. */
const ALL_ISSUES = 4_000;

export const clientRows = {
  PARSE_ERROR: {
    ...client,
    http: 400,
    jsonrpc: -32700,
    message: () => 'The message is not JSON.',
    hint: () => 'Fix the sender: one JSON-RPC message as UTF-8 JSON.',
  },
  INVALID_REQUEST: {
    ...client,
    http: 400,
    jsonrpc: -32600,
    message: (details) => sentence('The message is JSON, but not a valid request', details),
    hint: (details) =>
      `Send one JSON-RPC 2.0 request with a fresh id; batches are not accepted.${listed('Accepted:', details.suggestions)}`,
  },
  METHOD_NOT_FOUND: {
    ...client,
    http: 404,
    jsonrpc: -32601,
    message: (details) =>
      `There is no method ${named(details, 'method', 'of this name')} in this protocol revision.`,
    hint: (details) => `Use a method of the negotiated revision.${listed('Available:', details.suggestions)}`,
  },
  INVALID_PARAMS: {
    ...client,
    http: 400,
    jsonrpc: -32602,
    message: (details) => sentence(`${named(details, 'field', 'A parameter')} is not valid`, details),
    hint: (details) =>
      `Correct the parameter and send the request again.${listed('Accepted:', details.suggestions)}`,
  },
  TOOL_NOT_FOUND: {
    ...client,
    http: 404,
    jsonrpc: -32602,
    message: (details) => `There is no tool ${named(details, 'tool', 'of this name')} for this caller.`,
    hint: (details) => `Ask tools/list for the names.${listed('Closest names:', details.suggestions)}`,
  },
  HEADER_MISMATCH: {
    ...client,
    http: 400,
    jsonrpc: -32020,
    message: (details) =>
      `The header ${named(details, 'field', 'of the MCP request')} differs from the body.`,
    hint: () => 'Send the same value in header and body, or leave the header to the MCP library.',
  },
  MISSING_CLIENT_CAPABILITY: {
    ...client,
    http: 400,
    jsonrpc: -32021,
    message: (details) =>
      sentence('The client did not declare a capability that this request needs', details),
    hint: (details) =>
      `Declare the capability when connecting.${listed('Required:', capabilityNames(details['requiredCapabilities']))}`,
  },
  UNSUPPORTED_PROTOCOL_VERSION: {
    ...client,
    http: 400,
    jsonrpc: -32022,
    message: (details) =>
      `The protocol version ${named(details, 'requested', 'of the request')} is not supported.`,
    hint: (details) =>
      `Use a supported version.${listed('Supported:', details['supported'] ?? details.suggestions)}`,
  },
  PAYLOAD_TOO_LARGE: {
    ...client,
    http: 413,
    jsonrpc: -31015,
    wsClose: 1009,
    message: (details) => `The message is larger than the limit${limitOf(details)}.`,
    hint: () =>
      'Send less, or name files instead of pasting their content; the operator sets EXAI_MAX_BODY_MIB.',
  },
  TOO_DEEP: {
    ...client,
    http: 400,
    jsonrpc: -31016,
    message: (details) => `The JSON is nested deeper than the limit${limitOf(details) || ' of 32 levels'}.`,
    hint: () => 'Flatten the arguments.',
  },
  IDEMPOTENCY_CONFLICT: {
    ...client,
    http: 422,
    jsonrpc: -31017,
    message: () => 'The idempotency key was used before with other arguments.',
    hint: () => 'Use a new key for a new call; only the same call may repeat a key.',
  },
  NOT_FOUND: {
    ...client,
    escalation: 'warning when one caller tries many ids',
    http: 404,
    jsonrpc: -31008,
    message: () => 'There is nothing under this id or path.',
    hint: () => 'Check the id: it may be misspelled, expired, or belong to another caller.',
  },
  CONFLICT: {
    ...client,
    http: 409,
    jsonrpc: -31009,
    message: (details) => sentence('The change does not fit the present state', details),
    hint: () => 'Reload the record, then decide again.',
  },
  INVALID_ARGUMENT: {
    ...client,
    http: 422,
    message: (details) =>
      sentence(
        'The arguments of the tool are not valid',
        {
          reason:
            details.reason ?? issuesOf(details, (at, expected) => `${at || '/'} (expected ${expected})`),
        },
        ALL_ISSUES,
      ),
    hint: (details) =>
      `Correct the listed arguments and call again.${listed('Closest names:', details.suggestions)}` +
      ' Sending the same arguments again will not help.',
  },
  FILE_NOT_FOUND: {
    ...client,
    http: 404,
    message: (details) => `The file ${named(details, 'file', 'that was named')} does not exist.`,
    hint: (details) => `Check the path or the file id.${listed('Closest names:', details.suggestions)}`,
  },
  FILE_TOO_LARGE: {
    ...client,
    http: 413,
    message: (details) => `The files are larger than the limit${limitOf(details)}.`,
    hint: () => 'Name fewer files, or the part that matters.',
  },
  FILE_BINARY: {
    ...client,
    http: 415,
    message: (details) => sentence('The content type of the file is not accepted here', details),
    hint: (details) => `Send text, or a type this tool accepts.${listed('Accepted:', details.suggestions)}`,
  },
  FILE_CORRUPTED: {
    ...client,
    retry: 'caller',
    severity: 'warning',
    http: 502,
    message: () => 'The downloaded file differs from its checksum and was deleted.',
    hint: () => 'Download it again.',
  },
  CONVERSATION_EXPIRED: {
    ...client,
    http: 404,
    message: () => 'There is no conversation under this continuation_id.',
    hint: () => 'Start anew without continuation_id and with the full request.',
  },
  CONVERSATION_FULL: {
    ...client,
    http: 409,
    message: (details) => `The conversation has reached its turn limit${limitOf(details)}.`,
    hint: () => 'Start a new conversation without continuation_id, with a summary of what matters.',
  },
  CONVERSATION_CONFLICT: {
    ...client,
    retry: 'caller',
    http: 409,
    message: () => 'Another call wrote the same step of this conversation first.',
    hint: () => 'Send the step again; it continues from what is stored now.',
  },
  PROVIDER_REJECTED: {
    ...client,
    http: 422,
    message: (details) =>
      sentence(`${modelOf(details)} was asked for something its provider refuses`, details),
    hint: () => 'Change the request as the reason says, or use another model.',
  },
  CONTEXT_TOO_LARGE: {
    ...client,
    retry: 'elsewhere',
    http: 413,
    message: (details) =>
      `The prompt does not fit into the context window of ${inside(modelOf(details))}: its limit is${limitOf(details).replace(' of', '') || ' smaller'}.`,
    hint: (details) =>
      `Send less, or use a model with a larger window.${listed('Larger:', details.suggestions)}` +
      ' The same prompt to the same model will not help.',
  },
  CONTENT_FILTERED: {
    ...client,
    http: 422,
    message: (details) => `The vendor's content policy refused the request to ${inside(modelOf(details))}.`,
    hint: () => 'Rephrase the request.',
  },
  MODEL_NOT_FOUND: {
    ...client,
    retry: 'elsewhere',
    http: 404,
    message: (details) => `There is no model ${named(details, 'model', 'of this name')}.`,
    hint: (details) =>
      `Use a name from listmodels, or auto; the same name will not help.${listed('Closest names:', details.suggestions)}`,
  },
  MODEL_RETIRED: {
    ...client,
    http: 410,
    message: (details) => `${modelOf(details)} is no longer offered by its vendor.`,
    hint: (details) =>
      `Use its replacement or auto.${listed('Replaced by:', details['replacedBy'] ?? details.suggestions)}`,
  },
  MODEL_RESTRICTED: {
    ...client,
    http: 403,
    message: (details) => `${modelOf(details)} is not allowed here.`,
    hint: (details) => `Use an allowed model or auto.${listed('Allowed:', details.suggestions)}`,
  },
  MODEL_CAPABILITY: {
    ...client,
    http: 422,
    message: (details) => sentence(`${modelOf(details)} cannot do what the call asks for`, details),
    hint: (details) => `Use a model that can, or auto.${listed('Able:', details.suggestions)}`,
  },
} satisfies Record<string, CatalogueRow>;
