import { createRedactor } from '#libs/observability';

/** Keys in forms the shared redaction does not know: GLM's `id.secret`, and keys a vendor has half masked. */
const KEY_LIKE = [/\b[0-9a-f]{32}\.\w{8,}/gi, /\b[sp]k-[\w*.-]{4,}/gi, /[\w-]*\*{3,}[\w-]*/g];
/** Long enough to be a key; words and ids of models stay below. */
const LONG_TOKEN = /[\w-]{40,}/g;
const HIDDEN = '[redacted]';
const REASON_LIMIT = 500;
/** More of a text is not even looked at: the patterns need time that grows faster than it. */
const TEXT_LIMIT = 8_192;

/** Makes a vendor's text safe to show: no key, nothing like a key, at most 500 characters. */
export function createTextRedactor(apiKey: string): (text: string) => string {
  const redactSecrets = createRedactor([apiKey]);
  return (text) => {
    const cleaned = String(redactSecrets(shorten(text)));
    return KEY_LIKE.reduce((result, pattern) => result.replace(pattern, HIDDEN), cleaned)
      .replace(LONG_TOKEN, (token) => (/\d/.test(token) && /[a-z]/i.test(token) ? HIDDEN : token))
      .slice(0, REASON_LIMIT)
      .trim();
  };
}

/** Cut between words, as half a key would not be recognised. */
function shorten(text: string): string {
  if (text.length <= TEXT_LIMIT) return text;
  const cut = text.slice(0, TEXT_LIMIT);
  return cut.slice(0, cut.lastIndexOf(' ') + 1);
}
