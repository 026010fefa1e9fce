import type { Exchange } from './exchange.js';
import { InputError } from './input-error.js';

/** Sends the client, key and all, to an address inside: the cloud's metadata service unless told otherwise. */
export function redirectToPrivate(exchange: Exchange, target?: string): void {
  redirect(exchange, 302, readTarget(target ?? exchange.surroundings.redirectTarget));
}

/** 307 keeps method and body, so that a client that follows comes back with the very same request. */
export function redirectToItself(exchange: Exchange): void {
  redirect(exchange, 307, exchange.path);
}

export function readTarget(target: string): string {
  if (!URL.canParse(target)) throw new InputError(`"${target}" is no URL.`, 'invalid_script');
  return new URL(target).href;
}

function redirect(exchange: Exchange, status: number, location: string): void {
  exchange.send(status, '', { location });
}
