import { mayCall, type Principal } from '#libs/auth';
import { ExaiError } from '#libs/errors';
import { type CompiledTool, type ToolCatalog } from '#libs/tools';

/**
 * The tool of this name, for a caller who may call it.
 * @throws ExaiError TOOL_NOT_FOUND for unknown, switched off and forbidden alike: nobody learns what exists
 */
export function permittedTool(catalog: ToolCatalog, name: string, principal: Principal): CompiledTool {
  const tool = catalog.find(name);
  if (tool && mayCall(principal, name)) return tool;
  const suggestions = catalog.closest(name).filter((other) => mayCall(principal, other));
  throw new ExaiError('TOOL_NOT_FOUND', { tool: name.slice(0, 64), suggestions });
}
