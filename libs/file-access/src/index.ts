export { isBinary } from './binary.js';
export {
  isDeniedByName,
  isInside,
  isMissing,
  isSkippedDirectory,
  isVirtual,
  locate,
  type Located,
  pathFault,
} from './file-paths.js';
export { FileReader, type FileReaderConfig, type FileReaderOptions } from './file-reader.js';
export {
  MAX_FILE_BYTES,
  MAX_FILES,
  MAX_TOTAL_BYTES,
  type CallFiles,
  type ReadFiles,
  type SkippedFile,
  type TextFile,
} from './read-files.js';
export {
  CLIENT_FILES_META,
  type ClientFile,
  type ClientFiles,
  clientFilesSchema,
  MAX_CLIENT_SKIPPED,
} from './client-files.js';
export { SentFiles } from './sent-files.js';
export { PATH_ARGUMENTS, type PathArgument, pathArguments, type PathUse } from './path-arguments.js';
export { type DataUrl, isDataUrl, parseDataUrl } from './data-url.js';
export { IMAGE_TYPES, imageTypeOf, type ImageType, MAX_IMAGE_BYTES } from './image-type.js';
