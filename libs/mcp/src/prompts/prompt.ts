import { type CallInput } from '#libs/tools';
import { type Icon, type PromptMessage } from '@modelcontextprotocol/server';

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

interface PromptBase {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The tool it asks for: whoever may not call that does not see the prompt. Absent = everybody may have it. */
  readonly tool?: string;
  readonly arguments: readonly PromptArgument[];
  readonly icons?: readonly Icon[];
}

/** A request for a tool that a person can pick from a menu. */
export interface TextPrompt extends PromptBase {
  /** The user's message. */
  text(args: PromptArguments): string;
}

/** Several messages, also with images or embedded resources. */
export interface MessagesPrompt extends PromptBase {
  /** @throws InputNeeded for what only the caller can answer; it is then made again with the answers */
  messages(
    args: PromptArguments,
    input: CallInput,
  ): readonly PromptMessage[] | Promise<readonly PromptMessage[]>;
}

export type PromptDefinition = TextPrompt | MessagesPrompt;
