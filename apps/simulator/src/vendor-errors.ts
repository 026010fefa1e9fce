import type { VendorError } from './dialect.js';
import type { ChatRequest } from './request.js';

const CONTEXT_WINDOW = 200_000;

/** The failures that are a status, a message and nothing else, by behaviour name. */
export const VENDOR_ERRORS = {
  '401': vendorError(401, 'Incorrect API key provided.', {
    type: 'invalid_request_error',
    code: 'invalid_api_key',
    messagesType: 'authentication_error',
  }),
  '402': vendorError(402, 'Insufficient balance, please recharge your account.', {
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    messagesType: 'billing_error',
  }),
  '403': vendorError(403, 'You do not have access to this resource.', {
    type: 'permission_error',
    code: 'permission_denied',
    messagesType: 'permission_error',
  }),
  '500': vendorError(500, 'The server had an error while processing your request.', {
    type: 'server_error',
    code: null,
    messagesType: 'api_error',
  }),
  '503': vendorError(503, 'The service is temporarily unavailable.', {
    type: 'server_error',
    code: 'service_unavailable',
    messagesType: 'api_error',
  }),
  '529': vendorError(529, 'The engine is currently overloaded, please try again later.', {
    type: 'overloaded_error',
    code: null,
    messagesType: 'overloaded_error',
  }),
} as const;

export const RATE_LIMITED = vendorError(429, 'Rate limit reached for requests.', {
  type: 'requests',
  code: 'rate_limit_exceeded',
  messagesType: 'rate_limit_error',
});

export const FILTERED = vendorError(400, 'The request was rejected because it was considered high risk.', {
  type: 'content_filter',
  code: 'content_filter',
  messagesType: 'invalid_request_error',
});

export const OVERLOADED = VENDOR_ERRORS['529'];

export function contextTooLong(request: ChatRequest): VendorError {
  const tokens = Math.max(request.promptTokens, CONTEXT_WINDOW + 1);
  const message =
    `This model's maximum context length is ${CONTEXT_WINDOW} tokens, ` +
    `but the prompt is too long: ${tokens} tokens > ${CONTEXT_WINDOW} maximum.`;
  return vendorError(400, message, {
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    messagesType: 'invalid_request_error',
  });
}

export function modelNotFound(model: string): VendorError {
  return vendorError(404, `The model \`${model}\` does not exist or you do not have access to it.`, {
    type: 'invalid_request_error',
    code: 'model_not_found',
    messagesType: 'not_found_error',
  });
}

export function rateLimited(seconds: number): VendorError {
  return {
    ...RATE_LIMITED,
    message: `Rate limit reached for requests. Please try again after ${seconds} seconds.`,
  };
}

export function invalidRequest(status: number, message: string, code: string): VendorError {
  const messagesType = status === 413 ? 'request_too_large' : 'invalid_request_error';
  return vendorError(status, message, { type: 'invalid_request_error', code, messagesType });
}

export function vendorError(
  status: number,
  message: string,
  words: Pick<VendorError, 'type' | 'code' | 'messagesType'>,
): VendorError {
  return { status, message, ...words };
}
