import { PRODUCT, readLocalToken, type Config, type EnvironmentVariables } from '#libs/config';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type GatewayAddress } from './gateway-address.js';

const DATA_DIR = '.exai';

/** Data directories in which the token of a local gateway may lie, most likely first. */
export function dataDirCandidates(environment: EnvironmentVariables, cwd = process.cwd()): string[] {
  const set = environment['EXAI_DATA_DIR']?.trim();
  if (set) return [resolve(cwd, set)];
  return [...new Set([join(cwd, DATA_DIR), join(PRODUCT.root, DATA_DIR)])];
}

/** The data directory of the gateway that belongs here, also when nothing runs: the first that exists, else the last. */
export function homeDataDir(environment: EnvironmentVariables, cwd = process.cwd()): string {
  const candidates = dataDirCandidates(environment, cwd);
  return candidates.find((path) => existsSync(path)) ?? candidates.at(-1) ?? join(cwd, DATA_DIR);
}

export interface TokenSource {
  readonly environment: EnvironmentVariables;
  readonly config: Config;
  readonly address: GatewayAddress;
  readonly tokenFile?: string | undefined;
}

/**
 * The access token as it stands now: flag, `EXAI_TOKEN`, then the local token file. That one is for gateways on
 * this computer and never leaves it.
 * @throws the error of the file system for a `tokenFile` that cannot be read
 */
export function readToken({ environment, config, address, tokenFile }: TokenSource): string | undefined {
  if (tokenFile !== undefined) return readFileSync(tokenFile, 'utf8').trim();
  if (config.client.token !== undefined) return config.client.token;
  if (!address.isLoopback && !address.isDefault) return undefined;
  try {
    return readLocalToken(dataDirCandidates(environment));
  } catch {
    // Another user's file: the gateway then says that the token is missing.
    return undefined;
  }
}
