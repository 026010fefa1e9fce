/** Whose thread or call changed. */
export interface ChangeOwner {
  readonly tenant: string;
  readonly subject: string;
}

/** What clients may have a copy of: a whole list, or what stands at an `exai://` address. */
export type Change =
  'tools' | 'prompts' | 'resources' | { readonly uri: string; readonly owner?: ChangeOwner };
