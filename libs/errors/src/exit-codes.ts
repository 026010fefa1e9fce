/** What a server process or the `exai` command ends with. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  usage: 64,
  unreachable: 69,
  deadline: 75,
  denied: 77,
  configuration: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
