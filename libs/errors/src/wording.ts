// Pieces of sentences for the catalogue: each says more when the details know more, and nothing wrong when they do not.
import { cleanText } from './clean-text.js';
import { type ErrorDetails, type ErrorIssue } from './entry.js';

const REASON_LIMIT = 500;
const NAME_LIMIT = 100;

/** `subject` as a sentence, with the reason behind a colon where there is one. */
export function sentence(subject: string, details: ErrorDetails, reasonLimit = REASON_LIMIT): string {
  const reason = cleanText(details.reason, reasonLimit)?.replace(/[.\s]+$/, '');
  return reason ? `${subject}: ${reason}.` : `${subject}.`;
}

export function providerOf(details: ErrorDetails): string {
  const name = cleanText(details.provider, NAME_LIMIT);
  return name === undefined ? 'The provider' : `Provider ${name}`;
}

export function modelOf(details: ErrorDetails): string {
  const name = cleanText(details.model, NAME_LIMIT);
  return name === undefined ? 'The model' : `Model ${name}`;
}

/** `in 7 s`, or a vague wait when none is known. */
export function inTime({ retryAfterMs }: ErrorDetails, vague = 'in a few seconds'): string {
  if (typeof retryAfterMs !== 'number' || !Number.isFinite(retryAfterMs)) return vague;
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  if (seconds < 120) return `in ${seconds} s`;
  return seconds < 7_200 ? `in ${Math.ceil(seconds / 60)} min` : `in ${Math.ceil(seconds / 3_600)} h`;
}

/** ` (status 429)`, or nothing. */
export function statusOf({ upstreamStatus }: ErrorDetails): string {
  return Number.isInteger(upstreamStatus) ? ` (status ${upstreamStatus})` : '';
}

/** ` after 3 attempts`, or nothing. */
export function attemptsOf({ attempts }: ErrorDetails): string {
  return Number.isInteger(attempts) && Number(attempts) > 1 ? ` after ${attempts} attempts` : '';
}

/** ` of 4 MiB`, or nothing. */
export function limitOf(details: ErrorDetails): string {
  const limit = details['limit'];
  const words =
    typeof limit === 'number' && Number.isFinite(limit) ? String(limit) : cleanText(limit, NAME_LIMIT);
  return words === undefined ? '' : ` of ${words}`;
}

/** The text of one detail in back quotes, or the substitute. */
export function named(details: ErrorDetails, key: string, substitute: string): string {
  const name = cleanText(details[key], NAME_LIMIT);
  return name === undefined ? substitute : `\`${name}\``;
}

/** `lead a, b.` for a detail that is a list or a text, with a leading blank; nothing when it is empty. */
export function listed(lead: string, value: unknown): string {
  const names = (Array.isArray(value) ? value : [value]).flatMap(
    (item: unknown) => cleanText(item, NAME_LIMIT) ?? [],
  );
  return names.length === 0 ? '' : ` ${lead} ${names.slice(0, 10).join(', ')}.`;
}

/** All issues in one text; an error must word itself even when its details are not what they should be. */
export function issuesOf(
  details: ErrorDetails,
  render: (pointer: string, expected: string) => string,
): string {
  const issues: unknown = details.issues;
  if (!Array.isArray(issues)) return '';
  return (issues as Partial<ErrorIssue>[])
    .map(({ pointer, expected }) =>
      render(cleanText(pointer, NAME_LIMIT) ?? '', cleanText(expected, REASON_LIMIT) ?? 'something else'),
    )
    .join('; ');
}

/** A name at the start of a sentence, written for its middle. */
export function inside(phrase: string): string {
  return phrase.charAt(0).toLowerCase() + phrase.slice(1);
}
