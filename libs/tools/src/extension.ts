import { type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { type ToolDefinition } from './define.js';

/** Tools beside the product's own, registered when a process is started; nothing can be added later. */
export interface ToolExtension {
  /** Always listed, whatever the profile. A name that is taken makes the start fail with CONFIG_INVALID. */
  readonly tools?: readonly ToolDefinition[];
  /** Nest modules of the extension, for what its tools need of the process they run in. */
  readonly modules?: NonNullable<ModuleMetadata['imports']>;
}

/** The tools of an extension, for `ToolCatalog`. */
export const ADDED_TOOLS = Symbol('ADDED_TOOLS');

/** Makes an extension known to the whole application; without this module there is none. */
export class ExtensionModule {
  static forRoot({ tools = [], modules = [] }: ToolExtension = {}): DynamicModule {
    return {
      module: ExtensionModule,
      global: true,
      imports: [...modules],
      providers: [{ provide: ADDED_TOOLS, useValue: tools.map((tool) => ({ ...tool, alwaysListed: true })) }],
      exports: [ADDED_TOOLS],
    };
  }
}
