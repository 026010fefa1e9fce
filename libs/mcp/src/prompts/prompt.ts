/** One argument of a prompt: always a string, as the protocol has it. */
export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** The only values that make sense; offered as completion. */
  readonly values?: readonly string[];
}

/** Arguments as given, without the blank ones. */
export type PromptArguments = Readonly<Record<string, string>>;

/** A request for a tool that a person can pick from a menu. */
export interface PromptDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The tool it asks for: whoever may not call that does not see the prompt. */
  readonly tool: string;
  readonly arguments: readonly PromptArgument[];
  /** The user's message. */
  text(args: PromptArguments): string;
}
