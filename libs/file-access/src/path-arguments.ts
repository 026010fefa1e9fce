import { isDataUrl } from './data-url.js';

/** What becomes of a path that stands in an argument of this name, whatever the tool. */
export type PathUse =
  /** Its text is for the model now. */
  | 'text'
  /** Its text is for the model once the workflow asks one. */
  | 'text at the end'
  /** A picture, unless it is a `data:` URL. */
  | 'image'
  /** Only named. It must exist. */
  | 'existing'
  /** Only named. It may be gone. */
  | 'named';

/** Every argument that holds paths, so that gateway and client agree on them. */
export const PATH_ARGUMENTS: Readonly<Record<string, PathUse>> = {
  files: 'text',
  absolute_file_paths: 'text',
  file_path: 'text',
  relevant_files: 'text at the end',
  style_guide_examples: 'text at the end',
  images: 'image',
  files_checked: 'named',
  path: 'existing',
};

export interface PathArgument {
  readonly name: string;
  readonly use: PathUse;
  readonly paths: readonly string[];
}

/** The paths among the arguments of a call. What is no text is left to the tool's own schema, which refuses it. */
export function pathArguments(args: Readonly<Record<string, unknown>>): PathArgument[] {
  return Object.entries(PATH_ARGUMENTS).flatMap(([name, use]) => {
    const value = args[name];
    const paths = (Array.isArray(value) ? value : [value]).filter(
      (item): item is string => typeof item === 'string' && !(use === 'image' && isDataUrl(item)),
    );
    return paths.length > 0 ? [{ name, use, paths }] : [];
  });
}
