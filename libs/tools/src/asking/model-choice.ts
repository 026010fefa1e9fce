import { type Conversation } from '#libs/conversations';
import { ExaiError } from '#libs/errors';
import { estimateTokens, type ModelRouter, type ModelWish, type RouteDecision } from '#libs/providers';
import { type SimpleTool } from '../define.js';
import { TOKENS_PER_IMAGE } from './images.js';
import { type WantedOptions } from './model-options.js';
import { type ShownFile } from './prompt.js';
import { tokensOfFiles } from './simple-prompt.js';
import { tokenBudget, windowForFiles } from './token-budget.js';
import { type CallPrincipal } from '../tool.js';

/** Above this many tokens the router asks for a quarter more room than it is told. */
const ROUTER_MARGIN_FROM = 100_000;
const ROUTER_MARGIN = 1.25;

export interface ChoiceParts {
  readonly tool: Pick<SimpleTool, 'category' | 'prompt'>;
  /** An id, an alias, or `auto`. */
  readonly model: string;
  readonly text: string;
  readonly files: readonly ShownFile[];
  /** Number of images sent along; they are never left out for a model that cannot see. */
  readonly images?: number;
  /** Whose models are preferred, as it holds what is asked about. */
  readonly provider?: string;
  readonly wanted: WantedOptions;
  readonly conversation: Conversation;
  readonly failures: ModelWish['failures'];
  /** What the caller's token permits. */
  readonly limits: Pick<CallPrincipal, 'models' | 'maxCostUsd'>;
}

/**
 * A named model is asked as it is, unless it cannot see the images. Automatic choice tries for one that can do
 * everything and takes named files; when there is none, it takes one that can do less: the answer then says what it
 * could not do.
 */
export function chooseModel(router: ModelRouter, parts: ChoiceParts, attempt: number): RouteDecision {
  const wish = wishFor(parts);
  const modest = { ...wish, requires: parts.images ? { images: true } : {} };
  if (!isAuto(parts.model)) return router.choose(modest, attempt);
  const route = chooseIfAny(router, wish, attempt) ?? router.choose(modest, attempt);
  const fileTokens = tokensOfFiles(parts.files);
  if (fileTokens <= tokenBudget(route.card).fileThreshold) return route;
  const requires = { ...wish.requires, contextTokens: tokensToAskFor(windowForFiles(fileTokens)) };
  return chooseIfAny(router, { ...wish, requires }, attempt) ?? route;
}

function wishFor(parts: ChoiceParts): ModelWish {
  const { tool, model, text, files, images = 0, provider, wanted, conversation, failures, limits } = parts;
  const { thinkingMode } = wanted;
  const thinks = thinkingMode !== undefined && thinkingMode !== 'minimal' && thinkingMode !== 'low';
  return {
    model,
    category: tool.category,
    ...(conversation.lastModel !== undefined && { previousModel: conversation.lastModel }),
    requires: {
      contextTokens:
        tokensOfFiles(files) + estimateTokens(text) + estimateTokens(tool.prompt) + images * TOKENS_PER_IMAGE,
      ...(images > 0 && { images: true }),
      ...(provider !== undefined && { provider }),
      ...(wanted.webSearch === true && { webSearch: true }),
      ...(thinks && { reasoning: true }),
    },
    ...(limits.models && { allowedModels: limits.models }),
    ...(limits.maxCostUsd !== undefined && { maxCostUsd: limits.maxCostUsd }),
    failures,
  };
}

function isAuto(model: string): boolean {
  const name = model.trim().toLowerCase();
  return name === '' || name === 'auto';
}

function tokensToAskFor(window: number): number {
  return window > ROUTER_MARGIN_FROM * ROUTER_MARGIN ? Math.ceil(window / ROUTER_MARGIN) : window;
}

function chooseIfAny(router: ModelRouter, wish: ModelWish, attempt: number): RouteDecision | undefined {
  try {
    return router.choose(wish, attempt);
  } catch (error) {
    if (error instanceof ExaiError && error.code === 'NO_MODEL_AVAILABLE') return undefined;
    throw error;
  }
}
