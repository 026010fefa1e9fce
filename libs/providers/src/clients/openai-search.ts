import { ExaiError } from '#libs/errors';
import { z } from 'zod';
import type { ClientSettings, ProviderQuirks } from '../define.js';
import type { FoundPage, SearchAnswer, SearchApi, SearchQuery } from '../search-api.js';
import { type ErrorClassifier, requestIdOf } from './classify-error.js';
import { cleanText } from './clean-text.js';
import type { OpenAiApi } from './openai-api.js';
import { readRateLimit } from './rate-limit-headers.js';
import { RequestWatch } from './request-watch.js';
import { readText } from './response-body.js';

/** Longer than any search takes, shorter than what an answer of a model may take. */
const SEARCH_MS = 60_000;
const MAX_TITLE = 300;
const MAX_URL = 2_000;
const MAX_SNIPPET = 10_000;
const MAX_WORD = 100;

/** Nothing in it may end a link of markdown. */
const WEB_ADDRESS = /^https?:\/\/[^\s<>]+$/i;

const text = z.string().nullish().catch(undefined);
const pageSchema = z.looseObject({
  title: text,
  link: z.string(),
  content: text,
  media: text,
  publish_date: text,
});
const answerSchema = z.looseObject({ search_result: z.array(z.unknown()) });

/** The search without a model of a vendor whose other requests speak the dialect. */
export class OpenAiSearch implements SearchApi {
  readonly priceUsd: number;

  constructor(
    private readonly quirk: NonNullable<ProviderQuirks['searchApi']>,
    private readonly settings: ClientSettings,
    private readonly api: OpenAiApi,
    private readonly classifier: ErrorClassifier,
  ) {
    this.priceUsd = quirk.priceUsd;
  }

  async search(query: SearchQuery, signal: AbortSignal): Promise<SearchAnswer> {
    const startedAt = performance.now();
    const provider = this.settings.provider.id;
    const totalMs = Math.min(SEARCH_MS, this.settings.timeouts.totalMs);
    const watch = new RequestWatch(
      signal,
      { provider },
      { ...this.settings.timeouts, totalMs },
      { streamed: false },
    );
    try {
      watch.check();
      const response = await this.api.send({
        method: 'post',
        path: this.quirk.path,
        body: bodyOf(query, this.quirk.engine),
        headers: { 'x-request-id': query.correlationId },
        signal: watch.signal,
      });
      const body = await readText(response);
      watch.check();
      const requestId = requestIdOf(response.headers);
      const rateLimit = readRateLimit(response.headers);
      return {
        pages: pagesIn(body).slice(0, query.count),
        ...(requestId !== undefined && { upstreamRequestId: requestId }),
        ...(rateLimit && { rateLimit }),
        latencyMs: Math.round(performance.now() - startedAt),
      };
    } catch (error) {
      throw watch.reason ?? this.classify(error);
    } finally {
      watch.close();
    }
  }

  /** The tables speak of models: where none was asked, what is missing or too long is the request's own fault. */
  private classify(error: unknown): ExaiError {
    const { provider } = this.settings;
    if (error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError')) {
      const reason = 'the answer of the web search has another shape';
      return new ExaiError('PROVIDER_BAD_RESPONSE', { provider: provider.id, reason });
    }
    const known = this.classifier.classify(error);
    if (known.code === 'MODEL_NOT_FOUND' || known.code === 'CONTEXT_TOO_LARGE') {
      return new ExaiError('PROVIDER_REJECTED', known.details, { cause: known.cause });
    }
    return new ExaiError(known.code, { provider: provider.id, ...known.details }, { cause: known.cause });
  }
}

/** No id of the request: the vendor refuses one it knows, and every attempt of a call has the same. */
function bodyOf({ query, count, engine, domain, recency, contentSize }: SearchQuery, usual: string): object {
  return {
    search_engine: engine ?? usual,
    search_query: query,
    count,
    ...(domain !== undefined && { search_domain_filter: domain }),
    ...(recency !== undefined && { search_recency_filter: recency }),
    ...(contentSize !== undefined && { content_size: contentSize }),
  };
}

/** Entries that are no page of the web are left out. */
function pagesIn(body: string): readonly FoundPage[] {
  return answerSchema.parse(JSON.parse(body)).search_result.flatMap((entry) => {
    const page = pageSchema.safeParse(entry);
    const url = page.data?.link ?? '';
    if (!page.success || url.length > MAX_URL || !WEB_ADDRESS.test(url)) return [];
    const { title, content, media, publish_date: date } = page.data;
    return [
      {
        title: shortened(title, MAX_TITLE) || url,
        url,
        snippet: shortened(content, MAX_SNIPPET),
        ...(date && { date: shortened(date, MAX_WORD) }),
        ...(media && { site: shortened(media, MAX_WORD) }),
      },
    ];
  });
}

function shortened(value: string | null | undefined, most: number): string {
  return cleanText((value ?? '').slice(0, most)).trim();
}
