export {
  isDeniedByName,
  isInside,
  isMissing,
  isSkippedDirectory,
  isVirtual,
  locate,
  type Located,
  pathFault,
} from '#libs/file-access';
