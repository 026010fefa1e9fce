const NAMES = new Intl.DisplayNames(['en'], { type: 'language' });

/**
 * The system prompt with one line about the language of the answer, if the operator wants one.
 * @param locale a canonical BCP 47 tag
 */
export function inLocale(prompt: string, locale: string | undefined): string {
  if (locale === undefined) return prompt;
  // Extensions, such as a calendar, have no name.
  const { baseName } = new Intl.Locale(locale);
  const name = NAMES.of(baseName);
  const language = name === undefined || name === baseName ? locale : `${name} (${locale})`;
  return `${prompt}\n\nAnswer in ${language}. Code, paths, names and the keys and statuses of JSON stay as they are.`;
}
