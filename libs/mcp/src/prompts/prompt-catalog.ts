import { mayCall, type Principal } from '#libs/auth';
import { closestNames } from '#libs/config';
import { ExaiError } from '#libs/errors';
import { ToolCatalog } from '#libs/tools';
import { Injectable } from '@nestjs/common';
import { CURATED_PROMPTS } from './curated-prompts.js';
import { type PromptArguments, type PromptDefinition } from './prompt.js';
import { toolPrompt } from './tool-prompt.js';

/** Every prompt there is: one for each tool of the catalogue, and the curated ones whose tool is there. */
@Injectable()
export class PromptCatalog {
  private readonly prompts: ReadonlyMap<string, PromptDefinition>;

  constructor(catalog: ToolCatalog) {
    const ofTools = catalog.list().flatMap(({ name }) => {
      const tool = catalog.find(name);
      return tool ? [toolPrompt(tool)] : [];
    });
    const curated = CURATED_PROMPTS.filter(({ tool }) => catalog.find(tool) !== undefined);
    const sorted = [...ofTools, ...curated].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.prompts = new Map(sorted.map((prompt) => [prompt.name, prompt]));
  }

  /** Those whose tool this caller may call, sorted by name. */
  list(principal: Principal): PromptDefinition[] {
    return [...this.prompts.values()].filter(({ tool }) => mayCall(principal, tool));
  }

  /** @throws ExaiError INVALID_PARAMS for a name that is unknown, switched off or not for this caller: one answer */
  find(name: string, principal: Principal): PromptDefinition {
    const prompt = this.prompts.get(name);
    if (prompt && mayCall(principal, prompt.tool)) return prompt;
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
}

/**
 * The user's message of a prompt. Blank arguments count as left out: forms send them.
 * @throws ExaiError INVALID_PARAMS for an argument that is missing or that the prompt does not have
 */
export function promptText(prompt: PromptDefinition, given: PromptArguments = {}): string {
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
  return prompt.text(args);
}
