import type { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import {
  type Completion,
  type CompletionDelta,
  type CompletionRequest,
  ModelClient,
  type PayloadPreview,
  type RemoteModel,
} from '../model-client.js';

/** Passes everything on to the client inside. What wraps a client overrides what it adds to. */
export class WrappedClient extends ModelClient {
  constructor(protected readonly client: ModelClient) {
    super();
    const { files, searchApi } = client;
    Object.assign(this, files && { files }, searchApi && { searchApi });
  }

  override prepare(): Promise<void> {
    return this.client.prepare();
  }

  complete(
    request: CompletionRequest,
    signal: AbortSignal,
    onDelta?: (delta: CompletionDelta) => void,
  ): Promise<Completion> {
    return this.client.complete(request, signal, onDelta);
  }

  preview(request: CompletionRequest): PayloadPreview {
    return this.client.preview(request);
  }

  listRemoteModels(signal: AbortSignal): Promise<readonly RemoteModel[]> {
    return this.client.listRemoteModels(signal);
  }

  classifyError(raw: unknown, model?: ModelCard): ExaiError {
    return this.client.classifyError(raw, model);
  }
}
