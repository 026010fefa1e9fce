const MAX_LENGTH = 256;
/** Names of branches, tags and commits, with `~2`, `^`, `@{upstream}` and the like behind them. */
const COMMIT_NAME = /^[\p{L}\p{N}_@][\p{L}\p{N}_./@{}~^+#=-]*$/u;

/** Whether a text can name one commit; nothing that git could take for an option or a range. */
export function isCommitName(text: string): boolean {
  return text.length <= MAX_LENGTH && COMMIT_NAME.test(text) && !text.includes('..');
}
