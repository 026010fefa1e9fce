export { type FileOwner } from './file-owner.js';
export { type ClaimedFile, type DueOptions, FileUpkeep } from './file-upkeep.js';
export { FileUsage, type UsageKind } from './file-usage.js';
export {
  type Completion,
  type Content,
  type NewDownload,
  type NewFile,
  type StoredFile,
  StoredFiles,
} from './stored-files.js';
export { StoredFilesModule } from './stored-files.module.js';
