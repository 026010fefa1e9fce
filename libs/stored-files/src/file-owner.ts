/** Whose files: nothing is ever found without it. */
export interface FileOwner {
  readonly tenant: string;
  readonly subject: string;
}
