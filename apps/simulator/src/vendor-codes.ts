// Error codes of single vendors, beside the HTTP status.
import type { VendorError } from './dialect.js';
import { ScriptError } from './script.js';
import { vendorError } from './vendor-errors.js';

const DEFAULT_RESET_SECONDS = 3600;
const CHINA_OFFSET_MS = 8 * 3_600_000;

const GLM_MESSAGES: ReadonlyMap<number, string> = new Map([
  [500, 'Internal error.'],
  [1000, 'Authentication failed.'],
  [1001, 'No authentication parameter was received in the header.'],
  [1002, 'Invalid authentication token.'],
  [1003, 'The authentication token has expired.'],
  [1004, 'Authentication with the given token failed.'],
  [1110, 'Your account is inactive.'],
  [1111, 'Your account does not exist.'],
  [1112, 'Your account has been locked.'],
  [1113, 'Your account is in arrears, please recharge.'],
  [1120, 'Your account could not be looked up, please try again later.'],
  [1121, 'Your account has been locked because of irregularities.'],
  [1200, 'The call of the API failed.'],
  [1210, 'A parameter of the API call is wrong.'],
  [1211, 'Unknown model, please check the model code.'],
  [1212, 'The model does not support this way of calling it.'],
  [1213, 'The parameter `messages` was not received.'],
  [1214, 'The parameter `messages` is invalid.'],
  [1215, 'Two parameters cannot be set at once.'],
  [1220, 'You have no access to this API.'],
  [1221, 'This API is offline.'],
  [1222, 'This API does not exist.'],
  [1230, 'The API call went wrong.'],
  [1231, 'A request with this id exists already.'],
  [1234, 'Network error, please contact customer service.'],
  [1261, 'Prompt exceeds max length.'],
  [1300, 'The call was blocked by a policy.'],
  [1301, 'Sensitive content detected in input or generation.'],
  [1302, 'High concurrency usage of this API, please reduce concurrency or contact customer service.'],
  [1303, 'High frequency usage of this API, please reduce frequency or contact customer service.'],
  [1304, 'The daily limit of calls of this API is reached.'],
  [1305, 'The API has triggered a rate limit.'],
  [1308, 'Usage limit reached for 5 hours. Your limit will reset at {reset}'],
  [1309, 'Your plan has expired, please renew it.'],
  [1310, 'Weekly limit exhausted. Your limit will reset at {reset}'],
  [1311, 'Your plan does not include this model.'],
  [1312, 'The model is currently busy, please try again later.'],
  [1313, 'Your usage does not comply with the fair use policy.'],
]);

/** @param resetSeconds until the limit named in the message is over; the vendor writes the time of day in China */
export function glmErrorBody(code: number, resetSeconds = DEFAULT_RESET_SECONDS): object {
  const reset = new Date(Date.now() + resetSeconds * 1000 + CHINA_OFFSET_MS).toISOString();
  const message = GLM_MESSAGES.get(code) ?? 'Simulated business error.';
  return {
    error: { code: String(code), message: message.replace('{reset}', reset.slice(0, 19).replace('T', ' ')) },
  };
}

const KIMI_ERRORS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  invalid_request_error: [400, 'Invalid request: the request is malformed.'],
  token_limit: [400, 'Invalid request: Your request exceeded model token limit: 262144'],
  content_filter: [400, 'The request was rejected because it was considered high risk'],
  invalid_authentication_error: [401, 'Invalid Authentication'],
  incorrect_api_key_error: [401, 'Incorrect API key provided'],
  permission_denied_error: [403, 'The API you are accessing is not open'],
  resource_not_found_error: [404, 'Not found the model or Permission denied'],
  engine_overloaded_error: [429, 'The engine is currently overloaded, please try again later'],
  rate_limit_reached_error: [429, 'Your account reached max request limit, please try again after 1 seconds'],
  exceeded_current_quota_error: [
    429,
    'Your account is not active, please check your plan and billing details',
  ],
  server_error: [500, 'Failed to process the request'],
  unexpected_output: [500, 'Invalid state transition'],
};

/** Kimi tells its failures apart by `error.type`. */
export function kimiError(type = 'rate_limit_reached_error'): VendorError {
  const known = KIMI_ERRORS[type];
  if (!known) throw new ScriptError(`Kimi has no error "${type}": ${Object.keys(KIMI_ERRORS).join(', ')}.`);
  const [status, message] = known;
  const wireType = type === 'token_limit' ? 'invalid_request_error' : type;
  return vendorError(status, message, { type: wireType, code: null, messagesType: wireType });
}
