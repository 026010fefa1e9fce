import type { WebSource } from '../model-client.js';
import { cleanText } from './clean-text.js';

const MAX_SOURCES = 100;
const MAX_TITLE = 300;
const MAX_URL = 2_000;

type Fields = Readonly<Record<string, unknown>>;

/** The pages an answer names, each once, in the vendor's order. A vendor's own shape is read leniently. */
export class SourceList {
  private readonly byUrl = new Map<string, WebSource>();

  /** @param chunk the answer or one event of it. @param message its message or delta. */
  add(chunk: Fields, message: Fields | null | undefined): void {
    this.addAll(message?.['annotations'], (item) => item['url_citation'] ?? item);
    // GLM, then Perplexity and those who follow it.
    this.addAll(chunk['web_search'], (item) => item);
    this.addAll(chunk['search_results'], (item) => item);
    this.addAll(chunk['citations'], (item) => item);
  }

  get all(): readonly WebSource[] {
    return [...this.byUrl.values()];
  }

  private addAll(list: unknown, pageOf: (item: Fields) => unknown): void {
    if (!Array.isArray(list)) return;
    for (const item of list as unknown[]) {
      const page = isFields(item) ? pageOf(item) : { url: item };
      if (isFields(page)) this.addPage(page);
    }
  }

  private addPage(page: Fields): void {
    const url = textOf(page['url']) || textOf(page['link']);
    const usable = url.length <= MAX_URL && /^https?:\/\/\S+$/i.test(url);
    if (!usable || this.byUrl.has(url) || this.byUrl.size >= MAX_SOURCES) return;
    const title = cleanText(textOf(page['title'])).slice(0, MAX_TITLE).trim();
    this.byUrl.set(url, { title: title || url, url });
  }
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
