import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ExaiError } from '#libs/errors';
import ipaddr from 'ipaddr.js';

/** The part of IPv6 that is given out for use on the public internet. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Whether connections of a provider may leave the public internet: if its entry says so, or if the operator's address
 * is this machine by name or number, as for the simulator. To be asked once, when the connections are opened.
 */
export function allowsPrivate(baseUrl: string, flag: boolean): boolean {
  return flag || (URL.canParse(baseUrl) && isLoopback(new URL(baseUrl).hostname));
}

/** @throws ExaiError URL_DENIED for anything but a plain https address; http only where private addresses are allowed. */
export function checkUrl(url: URL, allowPrivate: boolean): void {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate)) {
    throw denied(url.hostname, `the scheme ${url.protocol.slice(0, 20)} is not allowed`);
  }
  if (url.username !== '' || url.password !== '') throw denied(url.hostname, 'it contains credentials');
  if (url.hash !== '') throw denied(url.hostname, 'it has a fragment');
}

/** @throws ExaiError URL_DENIED if the address, written as a number, may not be connected to. */
export function checkAddress(address: string, allowPrivate: boolean): void {
  const parsed = carried(ipaddr.parse(address));
  if (isGlobal(parsed)) return;
  const range = parsed.range();
  // Link-local is where clouds keep the keys of a machine; no model server lives there.
  if (allowPrivate && range !== 'linkLocal') return;
  throw denied(address, `its address is ${range === 'unicast' ? 'not global' : range}`);
}

/**
 * The lookup to connect with: resolves all addresses of a name and refuses the name if one of them is not allowed. The
 * connection goes to an address of this very answer, so a name that changes in between gains nothing.
 */
export function checkedLookup(allowPrivate: boolean, resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    // Some callers set other options, such as a family; all addresses are judged whatever is asked for.
    resolve(hostname, { all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      try {
        for (const { address } of addresses) checkAddress(address, allowPrivate);
      } catch (denial) {
        return callback(denial as ExaiError, []);
      }
      const [first] = addresses;
      if (options.all || !first) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

/** The address of a host that is written as a number, for which no lookup is made; undefined for a name. */
export function literalOf(hostname: string): string | undefined {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(host) === 0 ? undefined : host;
}

function isLoopback(hostname: string): boolean {
  const literal = literalOf(hostname);
  if (literal === undefined) return hostname === 'localhost';
  return carried(ipaddr.parse(literal)).range() === 'loopback';
}

function isGlobal(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6);
}

/** An IPv4 address inside an IPv6 one is where the packets really go: mapped, or through a translator (NAT64). */
function carried(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (!address.match(ipaddr.IPv6.parseCIDR('64:ff9b::/96'))) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function denied(host: string, reason: string): ExaiError {
  return new ExaiError('URL_DENIED', { host: host.slice(0, 200), reason });
}
