import ipaddr from 'ipaddr.js';

/** Whether an address is this machine or, written as a number, one of a private network. A name needs to be declared. */
export function isOwnNetwork(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(host)) return host === 'localhost';
  const range = ipaddr.process(host).range();
  return range === 'loopback' || range === 'private' || range === 'uniqueLocal';
}
