import { createHash } from 'node:crypto';

/** A page as GLM describes it. */
export interface SearchResult {
  readonly title: string;
  readonly content: string;
  readonly link: string;
  readonly media: string;
  readonly icon: string;
  readonly refer: string;
  readonly publish_date: string;
}

export const BUILTIN_SEARCH = '$web_search';
/** What Kimi says a search adds to the next prompt. */
export const SEARCH_TOKENS = 1_200;
export const DEFAULT_COUNT = 10;
export const MOST_RESULTS = 50;

/** Made-up pages; the same query always finds the same ones. */
export function findPages(query: string, count: number): SearchResult[] {
  const digest = digestOf(query);
  return Array.from({ length: Math.min(count, MOST_RESULTS) }, (_, index) => ({
    title: `Simulated result ${index + 1}`,
    content: `[simulation] Page ${index + 1} found for a query of ${query.length} characters.`,
    link: `https://search.example/${digest}/${index + 1}`,
    media: 'simulator',
    icon: '',
    refer: `ref_${index + 1}`,
    publish_date: '2026-01-01',
  }));
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
