import { type ToolExtension } from '#libs/tools';
import { type PromptDefinition } from './prompts/prompt.js';
import { type ResourceDefinition } from './resources/resource.js';

/** What a program can register beside the product's own tools, prompts and resources when it starts a gateway. */
export interface Extension extends ToolExtension {
  readonly prompts?: readonly PromptDefinition[];
  readonly resources?: readonly ResourceDefinition[];
}

/** The prompts of an extension, for `PromptCatalog`. */
export const ADDED_PROMPTS = Symbol('ADDED_PROMPTS');

/** The resources of an extension, for `ResourceCatalog`. */
export const ADDED_RESOURCES = Symbol('ADDED_RESOURCES');
