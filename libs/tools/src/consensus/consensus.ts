import { type PayloadMetadata } from '../tool.js';

/** What a model is asked to look for. */
export const STANCES = ['for', 'against', 'neutral'] as const;
export type Stance = (typeof STANCES)[number];

/** One model after the other, one per step, or all of them in the first step. */
export const EXECUTIONS = ['sequential', 'parallel'] as const;
export type Execution = (typeof EXECUTIONS)[number];

/** One voice of the panel: a model of the catalogue with a stance. */
export interface Panelist {
  readonly provider: string;
  /** Id by the catalogue. */
  readonly model: string;
  readonly stance: Stance;
  /** The caller's additional emphasis. */
  readonly stancePrompt?: string;
}

/** What became of the question to one panelist, in the shape a client receives. */
export type ModelResponse = {
  readonly model: string;
  readonly stance: Stance;
  readonly metadata: ResponseMetadata;
} & (
  | { readonly status: 'success'; readonly verdict: string }
  | {
      readonly status: 'error';
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    }
);

export type ResponseMetadata = Partial<
  Pick<PayloadMetadata, 'provider_used' | 'duration_ms' | 'usage' | 'cost_usd' | 'truncated' | 'warnings'>
>;

/** A consensus as it lives in its conversation, and nowhere else. The caller's notes are not part of it. */
export interface ConsensusState {
  /** The text of the first step, which every model is shown word for word. */
  readonly proposal: string;
  /** Absolute paths every model is shown. */
  readonly files: readonly string[];
  /** Absolute paths or `data:` URLs, as `files`. */
  readonly images: readonly string[];
  readonly panel: readonly Panelist[];
  readonly execution: Execution;
  /** One for each panelist; null = not asked yet. */
  readonly responses: readonly (ModelResponse | null)[];
}

/** What a consensus tool is made of beside its fields. */
export interface ConsensusParts {
  /** System prompt of every panelist. Constant, so that providers can cache it. */
  readonly prompt: string;
  /** Follows the prompt. */
  readonly stances: Readonly<Record<Stance, string>>;
  readonly defaults: {
    readonly temperature: number;
    readonly thinkingMode: 'minimal' | 'low' | 'medium' | 'high' | 'max';
  };
}

/** How a panelist is called in answers and turns. */
export function nameOf({ model, stance }: Pick<Panelist, 'model' | 'stance'>): string {
  return `${model}:${stance}`;
}
