import { hasScope, type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { type CompleteRequest } from '@modelcontextprotocol/server';
import { Injectable } from '@nestjs/common';
import { matchingValues, type Completed } from './matching-values.js';
import { PromptCatalog } from '../prompts/prompt-catalog.js';
import { usableModelNames } from '../resources/model-resources.js';
import { thread } from '../resources/record-resources.js';
import { ResourceCatalog } from '../resources/resource-catalog.js';

type Reference = CompleteRequest['params']['ref'];

/** So many of a caller's records are looked through. */
const MAX_RECORDS = 500;

/** Values that arguments of prompts and ids of resources can have, for a caller who is typing one. */
@Injectable()
export class Completions {
  constructor(
    private readonly prompts: PromptCatalog,
    private readonly resources: ResourceCatalog,
  ) {}

  /** @throws ExaiError INVALID_PARAMS for an unknown prompt, template or argument; FORBIDDEN as for reading */
  async complete(
    ref: Reference,
    argument: { readonly name: string; readonly value: string },
    principal: Principal,
  ): Promise<Completed> {
    const values =
      ref.type === 'ref/prompt'
        ? await this.ofPrompt(ref.name, argument.name, principal)
        : await this.ofTemplate(ref.uri, argument.name, principal);
    return matchingValues(values, argument.value);
  }

  private async ofPrompt(name: string, argument: string, principal: Principal): Promise<readonly string[]> {
    const prompt = this.prompts.find(name, principal);
    const found = prompt.arguments.find((other) => other.name === argument);
    if (!found) throw unknownArgument(prompt.arguments.map((other) => other.name));
    if (found.values) return found.values;
    const { sources } = this.resources;
    if (argument === 'model' && hasScope(principal, 'tools:list'))
      return usableModelNames(sources, principal);
    if (argument === 'continuation_id' && hasScope(principal, 'calls:read')) {
      return thread.ids(sources, principal, MAX_RECORDS);
    }
    return [];
  }

  private async ofTemplate(uri: string, argument: string, principal: Principal): Promise<readonly string[]> {
    const template = this.resources.template(uri, principal);
    if (argument !== 'id') throw unknownArgument(['id']);
    return template.ids(this.resources.sources, principal, MAX_RECORDS);
  }
}

function unknownArgument(suggestions: readonly string[]): ExaiError {
  const reason = 'there is no such argument';
  return new ExaiError('INVALID_PARAMS', { field: 'argument.name', reason, suggestions });
}
