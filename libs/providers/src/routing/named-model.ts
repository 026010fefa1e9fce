import { ExaiError } from '#libs/errors';
import type { ModelCard } from '../catalogue/model-card.js';
import type { ProviderRegistry } from '../provider-registry.js';
import { letsThrough } from '../resilience/circuit.js';
import { refusalOf } from '../resilience/refusal.js';
import type { Resilience } from '../resilience/resilience.js';
import { type CallerLimits } from './caller-limits.js';
import { type Requirements, unmetBy } from './requirements.js';
import type { Suggestions } from './suggestions.js';

/** The model a caller named, if nothing stands against it. It is never replaced. */
export class NamedModel {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly resilience: Resilience,
    private readonly limits: CallerLimits,
    private readonly suggestions: Suggestions,
  ) {}

  /** @throws ExaiError that says which rule refuses the model, and which models the caller may use */
  find(name: string, requires: Requirements): ModelCard {
    const card = this.registry.find(name);
    if (!card) {
      throw new ExaiError('MODEL_NOT_FOUND', { model: name, suggestions: this.suggestions.closest(name) });
    }
    this.checkAccess(card);
    this.checkAbilities(card, requires);
    this.checkCost(card);
    const view = this.resilience.circuitOf(card);
    if (!letsThrough(view)) {
      const { keyVariable } = this.registry.status(card.provider);
      throw refusalOf(card, view, keyVariable, this.suggestions.able(abilitiesOf(requires)));
    }
    return card;
  }

  private checkAccess(card: ModelCard): void {
    const { provider, id: model, replacedBy } = card;
    if (!this.registry.isAllowed(card) || !this.limits.allows(card)) {
      throw new ExaiError('MODEL_RESTRICTED', {
        provider,
        model,
        suggestions: this.suggestions.closest(model),
      });
    }
    if (card.status === 'retired') {
      throw new ExaiError('MODEL_RETIRED', {
        provider,
        model,
        ...(replacedBy !== undefined && { replacedBy }),
        suggestions: this.insteadOf(model, replacedBy),
      });
    }
    const { state, keyVariable: variable } = this.registry.status(provider);
    if (state !== 'ready') {
      const suggestions = this.suggestions.able({});
      throw new ExaiError('PROVIDER_NOT_CONFIGURED', { provider, model, variable, suggestions });
    }
  }

  private insteadOf(model: string, replacedBy: string | undefined): readonly string[] {
    const replacement = replacedBy === undefined ? undefined : this.registry.find(replacedBy);
    return replacement && this.suggestions.isUsable(replacement)
      ? [replacement.id]
      : this.suggestions.closest(model);
  }

  /** A caller who names a model decides how well it reasons and how tight its window is; only the impossible is refused. */
  private checkAbilities(card: ModelCard, requires: Requirements): void {
    const { provider, id: model, contextWindow: limit } = card;
    const wanted = abilitiesOf(requires);
    const why = unmetBy(card, wanted);
    if (why !== undefined) {
      const suggestions = this.suggestions.able(wanted);
      throw new ExaiError('MODEL_CAPABILITY', { provider, model, reason: `${model} ${why}`, suggestions });
    }
    const { contextTokens = 0 } = requires;
    if (contextTokens > limit) {
      const suggestions = this.suggestions.able({ ...wanted, contextTokens });
      throw new ExaiError('CONTEXT_TOO_LARGE', { provider, model, limit, suggestions });
    }
  }

  private checkCost(card: ModelCard): void {
    const why = this.limits.tooDear(card);
    if (why === undefined) return;
    const { provider, id: model } = card;
    throw new ExaiError('QUOTA_EXCEEDED', {
      provider,
      model,
      reason: `${model} ${why}, the limit of one call`,
      suggestions: this.suggestions.able({}),
    });
  }
}

function abilitiesOf({ images, webSearch, tools, files }: Requirements): Requirements {
  return {
    images: images ?? false,
    webSearch: webSearch ?? false,
    tools: tools ?? false,
    files: files ?? false,
  };
}
