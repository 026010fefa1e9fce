import { ExaiError } from '#libs/errors';
import type { ModelCard } from './catalogue/model-card.js';
import type { ProviderDescriptor } from './define.js';
import type {
  ChatMessage,
  Completion,
  CompletionDelta,
  CompletionRequest,
  ModelClient,
  PayloadPreview,
  RemoteModel,
} from './model-client.js';
import type { ProviderFiles } from './provider-files.js';
import type { SearchApi } from './search-api.js';
import { estimateTokens } from './token-estimate.js';

export type ModelFeature = 'streaming' | 'thinking' | 'images' | 'tools' | 'webSearch' | 'files';

export interface ModelListOptions {
  readonly respectRestrictions?: boolean;
  readonly includeRetired?: boolean;
}

/** Everything about a request but its messages. */
export type GenerateOptions = Omit<CompletionRequest, 'messages'>;

export interface ProviderHealthCheck {
  readonly ok: boolean;
  readonly latencyMs: number;
  readonly detail: string;
}

export interface ModelProviderParts {
  readonly descriptor: ProviderDescriptor;
  readonly client: ModelClient;
  /** The model of any of its names, over the whole catalogue. */
  readonly find: (name: string) => ModelCard | undefined;
  /** The operator's restriction permits the model. */
  readonly isAllowed: (card: ModelCard) => boolean;
}

/** One provider as the rest of the product sees it: the contract every provider fulfils, whatever its dialect. */
export class ModelProvider {
  readonly id: string;
  /** The API dialect it speaks. */
  readonly type: string;
  readonly files: ProviderFiles | undefined;
  readonly searchApi: SearchApi | undefined;

  constructor(private readonly parts: ModelProviderParts) {
    this.id = parts.descriptor.id;
    this.type = parts.descriptor.api;
    this.files = parts.client.files;
    this.searchApi = parts.client.searchApi;
  }

  prepare(): Promise<void> {
    return this.parts.client.prepare();
  }

  /** Ids from the catalogue; retired ones and those the operator excluded only if asked for. */
  listModels({
    respectRestrictions = true,
    includeRetired = false,
  }: ModelListOptions = {}): readonly string[] {
    return this.parts.descriptor.models
      .filter((card) => includeRetired || card.status !== 'retired')
      .filter((card) => !respectRestrictions || this.parts.isAllowed(card))
      .map(({ id }) => id);
  }

  /** @throws ExaiError MODEL_NOT_FOUND; there is no record for a model nobody described. */
  getCapabilities(model: string): ModelCard {
    const card = this.cardOf(model);
    if (!card) throw new ExaiError('MODEL_NOT_FOUND', { provider: this.id, model });
    return card;
  }

  /** The canonical id of any name of a model, without regard to case. */
  resolveModel(name: string): string | undefined {
    return this.cardOf(name)?.id;
  }

  validateModel(name: string): boolean {
    const card = this.cardOf(name);
    return card !== undefined && card.status !== 'retired' && this.parts.isAllowed(card);
  }

  supports(feature: ModelFeature, model: string): boolean {
    const card = this.getCapabilities(model);
    return feature === 'thinking' ? card.reasoning.kind !== 'none' : card[feature];
  }

  generate(prompt: string, options: GenerateOptions, signal: AbortSignal): Promise<Completion> {
    const message: ChatMessage = { role: 'user', content: prompt };
    return this.chat({ ...options, messages: [message] }, signal);
  }

  /** Exactly one request, no retry; a web search that the vendor hands back takes one per round. */
  chat(request: CompletionRequest, signal: AbortSignal): Promise<Completion> {
    return this.parts.client.complete(request, signal);
  }

  /** Like `chat`, and tells each piece of the answer as it comes. */
  stream(
    request: CompletionRequest,
    onDelta: (delta: CompletionDelta) => void,
    signal: AbortSignal,
  ): Promise<Completion> {
    return this.parts.client.complete(request, signal, onDelta);
  }

  /** A local estimate. */
  countTokens(text: string, _model: string): number {
    return estimateTokens(text);
  }

  /** The models the vendor lists now. One request, costs no tokens. */
  listRemoteModels(signal: AbortSignal): Promise<readonly RemoteModel[]> {
    return this.parts.client.listRemoteModels(signal);
  }

  /** The body and address that `chat` would send, without any secret. */
  buildPayload(request: CompletionRequest): PayloadPreview {
    return this.parts.client.preview(request);
  }

  /** Asks for the list of models, which costs no tokens. With `probe` asks the model for a word, which does. */
  async health(
    options: { readonly probe?: ModelCard } = {},
    signal: AbortSignal,
  ): Promise<ProviderHealthCheck> {
    const startedAt = performance.now();
    const since = (): number => Math.round(performance.now() - startedAt);
    try {
      const { probe } = options;
      if (!probe) {
        const models = await this.listRemoteModels(signal);
        return { ok: true, latencyMs: since(), detail: `${models.length} models listed` };
      }
      const request = { model: probe, maxOutputTokens: 8, correlationId: 'health' };
      await this.generate('Say ok.', request, signal);
      return { ok: true, latencyMs: since(), detail: `${probe.id} answered` };
    } catch (error) {
      return { ok: false, latencyMs: since(), detail: this.classifyError(error).message };
    }
  }

  classifyError(raw: unknown, model?: ModelCard): ExaiError {
    return this.parts.client.classifyError(raw, model);
  }

  private cardOf(name: string): ModelCard | undefined {
    const card = this.parts.find(name) ?? this.parts.find(`${this.id}/${name}`);
    return card?.provider === this.id ? card : this.parts.find(`${this.id}/${name}`);
  }
}
