import { type ModelCard, ModelRouter, ProviderRegistry } from '#libs/providers';
import { Injectable } from '@nestjs/common';
import { type ConsensusTool } from '../define.js';
import { invalidArgument } from '../invalid-argument.js';
import { type CallPrincipal } from '../tool.js';
import { type Panelist } from './consensus.js';
import { type WantedModel } from './consensus-arguments.js';

const MOST_PER_MODEL = 2;

/** Turns the models that a caller names into a panel. */
@Injectable()
export class Panels {
  constructor(
    private readonly registry: ProviderRegistry,
    private readonly router: ModelRouter,
  ) {}

  /**
   * Whether a model can answer now is not asked: one that cannot is missing in the result.
   * @throws ExaiError MODEL_NOT_FOUND for a name the catalogue does not know, INVALID_ARGUMENT for the same model
   * twice with one stance, or more than twice
   */
  panelOf(
    models: readonly WantedModel[],
    tool: Pick<ConsensusTool, 'category'>,
    principal: CallPrincipal,
  ): Panelist[] {
    const panel: Panelist[] = [];
    for (const [index, wanted] of models.entries()) {
      const { provider, id } = this.cardOf(wanted.model, index, tool, principal);
      const { stance, stance_prompt: stancePrompt } = wanted;
      const same = panel.filter((other) => other.provider === provider && other.model === id);
      if (same.some((other) => other.stance === stance)) {
        throw invalidArgument(`/models/${index}`, `another stance: ${id} stands there with this one already`);
      }
      if (same.length >= MOST_PER_MODEL) {
        throw invalidArgument(
          `/models/${index}`,
          `another model: ${id} stands there ${MOST_PER_MODEL} times`,
        );
      }
      panel.push({ provider, model: id, stance, ...(stancePrompt !== undefined && { stancePrompt }) });
    }
    return panel;
  }

  private cardOf(
    name: string,
    index: number,
    { category }: Pick<ConsensusTool, 'category'>,
    { models, maxCostUsd }: CallPrincipal,
  ): ModelCard {
    if (/^\s*(auto\s*)?$/i.test(name)) {
      throw invalidArgument(`/models/${index}/model`, 'the name of a model; see listmodels');
    }
    const card = this.registry.find(name);
    if (card) return card;
    // Refuses the name, and knows which others this caller may be told.
    const limits = {
      ...(models && { allowedModels: models }),
      ...(maxCostUsd !== undefined && { maxCostUsd }),
    };
    return this.router.choose({ model: name, category, requires: {}, failures: [], ...limits }, 1).card;
  }
}
