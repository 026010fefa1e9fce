export {
  FileReader,
  type FileReaderOptions,
  type ReadFiles,
  type SkippedFile,
  type TextFile,
} from '#libs/file-access';
