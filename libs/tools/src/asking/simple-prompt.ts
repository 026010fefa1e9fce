import { trimHistory, type RecentTurns, type Turn } from '#libs/conversations';
import { type SkippedFile } from '#libs/file-access';
import { TOKENS_PER_IMAGE } from './images.js';
import { type ShownFile } from './prompt.js';
import { estimateTokens } from '#libs/providers';
import { type TokenBudget } from './token-budget.js';

/** Room every answer gets, or what the model can give at most if that is less. */
const MIN_ANSWER_TOKENS = 1_024;

export interface Material {
  readonly system: string;
  readonly question: string;
  readonly turns: readonly Turn[];
  /** Files this call names: shown whole or the call is not made. */
  readonly files: readonly ShownFile[];
  /** Files of earlier turns, newest first: as many as fit. */
  readonly earlierFiles: readonly ShownFile[];
  /** Number of images sent along. */
  readonly images?: number;
}

export interface Selection {
  readonly history: RecentTurns;
  readonly files: readonly ShownFile[];
  readonly leftOut: readonly SkippedFile[];
  readonly totalTokens: number;
}

export function tokensOfFiles(files: readonly ShownFile[]): number {
  return files.reduce((sum, file) => sum + file.tokens, 0);
}

/** What is sent: question and named files always, then history, then files of earlier turns, newest first. */
export function selectMaterial(material: Material, budget: TokenBudget): Selection {
  const fileTokens = tokensOfFiles(material.files);
  const imageTokens = (material.images ?? 0) * TOKENS_PER_IMAGE;
  const fixed =
    estimateTokens(material.system) + estimateTokens(material.question) + fileTokens + imageTokens;
  const spare = Math.max(0, budget.content - fixed);

  const history = trimHistory(material.turns, Math.min(budget.history, spare), estimateTokens);
  const historyTokens = history.turns.reduce((sum, turn) => sum + estimateTokens(turn.content), 0);

  let room = Math.max(0, Math.min(budget.files - fileTokens, spare - historyTokens));
  const shown: ShownFile[] = [];
  const leftOut: SkippedFile[] = [];
  for (const file of material.earlierFiles) {
    if (file.tokens <= room) {
      room -= file.tokens;
      shown.push(file);
    } else leftOut.push({ path: file.path, reason: 'from an earlier turn, left out for its length' });
  }
  return {
    history,
    files: [...material.files, ...shown],
    leftOut,
    totalTokens: fixed + historyTokens + tokensOfFiles(shown),
  };
}

/** Tokens left for the answer; undefined when the prompt leaves too little. */
export function answerTokens(
  totalTokens: number,
  budget: TokenBudget,
  model: { contextWindow: number; maxOutputTokens: number },
): number | undefined {
  const left = Math.min(budget.response, model.contextWindow - totalTokens);
  return left < Math.min(MIN_ANSWER_TOKENS, model.maxOutputTokens) ? undefined : left;
}
