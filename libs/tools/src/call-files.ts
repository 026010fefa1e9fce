import { type CallFiles, type FileReader, SentFiles } from '#libs/file-access';
import { type ToolCall } from './tool.js';

export type { CallFiles };

/** Who reads the files of this call: the client where it sent them along, and then it alone. */
export function filesOf({ clientFiles }: Pick<ToolCall, 'clientFiles'>, reader: FileReader): CallFiles {
  return clientFiles ? new SentFiles(clientFiles) : reader;
}
