export { isBinary } from '#libs/file-access';
