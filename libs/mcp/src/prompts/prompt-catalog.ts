import { createHash } from 'node:crypto';
import { mayCall, type Principal } from '#libs/auth';
import { closestNames } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { ToolCatalog } from '#libs/tools';
import { Inject, Injectable } from '@nestjs/common';
import { ADDED_PROMPTS } from '../extension.js';
import { CURATED_PROMPTS } from './curated-prompts.js';
import { type PromptArguments, type PromptDefinition } from './prompt.js';
import { toolPrompt } from './tool-prompt.js';

/**
 * Every prompt there is: one for each tool of the catalogue, the curated ones whose tool is there, and those of an
 * extension, which take the place of the others of their name. Nothing in it changes afterwards.
 */
@Injectable()
export class PromptCatalog {
  /** Two processes with the same version list the same prompts. */
  readonly version: string;
  private readonly prompts: ReadonlyMap<string, PromptDefinition>;

  constructor(
    private readonly catalog: ToolCatalog,
    @Inject(ADDED_PROMPTS) added: readonly PromptDefinition[],
  ) {
    const ofTools = catalog.list().flatMap(({ name }) => {
      const tool = catalog.find(name);
      return tool ? [toolPrompt(tool)] : [];
    });
    const all = [...ofTools, ...CURATED_PROMPTS, ...added].filter((prompt) => this.isOffered(prompt));
    const byName = new Map(all.map((prompt) => [prompt.name, prompt]));
    this.prompts = new Map([...byName].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.version = createHash('sha256')
      .update([...this.prompts.keys()].join())
      .digest('base64url')
      .slice(0, 12);
  }

  /** Those whose tool this caller may call, sorted by name. */
  list(principal: Principal): PromptDefinition[] {
    return [...this.prompts.values()].filter((prompt) => isFor(principal, prompt));
  }

  /** @throws ExaiError INVALID_PARAMS for a name that is unknown, switched off or not for this caller: one answer */
  find(name: string, principal: Principal): PromptDefinition {
    const prompt = this.prompts.get(name);
    if (prompt && isFor(principal, prompt)) return prompt;
    const suggestions = closestNames(
      name,
      this.list(principal).map((other) => other.name),
    );
    throw new ExaiError('INVALID_PARAMS', {
      field: 'name',
      reason: 'there is no such prompt for this caller; prompts/list names them',
      suggestions,
    });
  }

  private isOffered({ tool }: PromptDefinition): boolean {
    return tool === undefined || this.catalog.find(tool) !== undefined;
  }
}

function isFor(principal: Principal, { tool }: PromptDefinition): boolean {
  return tool === undefined || mayCall(principal, tool);
}

/**
 * The arguments of a prompt. Blank ones count as left out: forms send them.
 * @throws ExaiError INVALID_PARAMS for an argument that is missing or that the prompt does not have
 */
export function promptArguments(prompt: PromptDefinition, given: PromptArguments = {}): PromptArguments {
  const names = prompt.arguments.map(({ name }) => name);
  const entries = Object.entries(given).filter(([, value]) => /\S/.test(value));
  const unknown = entries.find(([name]) => !names.includes(name));
  if (unknown) {
    throw new ExaiError('INVALID_PARAMS', {
      field: `arguments.${unknown[0]}`,
      reason: 'the prompt has no such argument',
      suggestions: names,
    });
  }
  const args = Object.fromEntries(entries);
  const missing = prompt.arguments.find(({ name, required }) => required && args[name] === undefined);
  if (missing) {
    throw new ExaiError('INVALID_PARAMS', {
      field: `arguments.${missing.name}`,
      reason: 'the prompt needs this argument',
    });
  }
  return args;
}
