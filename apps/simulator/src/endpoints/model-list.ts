/** What a vendor may say about a model; anything else is passed through. */
export interface ListedModel {
  readonly id: string;
  readonly [field: string]: unknown;
}

const DEFAULT_MODELS: readonly ListedModel[] = [{ id: 'simulator-1', display_name: 'Simulator 1' }];

/** The models that `GET /models` names. Chats answer under any name, listed or not. */
export class ModelList {
  private models = DEFAULT_MODELS;

  /** In place of those listed so far. */
  replace(models: ReadonlyArray<string | ListedModel>): void {
    this.models = models.map((model) => (typeof model === 'string' ? { id: model } : model));
  }

  all(): readonly ListedModel[] {
    return this.models;
  }

  clear(): void {
    this.models = DEFAULT_MODELS;
  }
}
