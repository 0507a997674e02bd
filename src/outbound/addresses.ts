import ipaddr from 'ipaddr.js';

/** Ports of public addresses that may be called. */
const PUBLIC_PORTS: readonly number[] = [80, 443, 8_080, 8_443];
/** Only these IPv6 addresses are given out for the public network (RFC 4291, 2.4); the rest is for other ends. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** What the operator's configuration may name or stand for, besides public addresses. */
const PRIVATE: readonly string[] = ['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'];
/** Where clouds tell a machine its secrets; not all of these are link-local. */
const METADATA: readonly string[] = ['169.254.0.0/16', '100.100.100.200', '168.63.129.16', 'fd00:ec2::/32'];
/** "This machine", as some programs are told to listen; written out only. */
const UNSPECIFIED: readonly string[] = ['0.0.0.0', '::'];

/** Whether an address that the operator wrote out means this machine. */
export function isThisMachine(address: string): boolean {
  return UNSPECIFIED.includes(address);
}

/** Which addresses a request may go to. */
export interface Reach {
  /** Addresses and ranges (CIDR) that may be called though they are not public, on any port. */
  readonly allowed: readonly string[];
  /** Whether the operator named this very host and port: it may be private then, but no link-local service. */
  readonly isNamed: boolean;
}

/** @returns why a request may not go to this address, or null if it may */
export function whyForbidden(address: string, port: number, { allowed, isNamed }: Reach): string | null {
  if (!ipaddr.isValid(address)) return `"${address}" is no address`;
  // IPv4 addresses that are written as IPv6 ones are what they stand for.
  const ip = ipaddr.process(address);
  if (allowed.some((range) => isWithin(ip, range))) return null;
  if (METADATA.some((range) => isWithin(ip, range))) return `${ip} is where clouds tell secrets`;
  const range = ip.range();
  if (isNamed && PRIVATE.includes(range)) return null;
  const isPublic = range === 'unicast' && (ip.kind() === 'ipv4' || ip.match(GLOBAL_UNICAST));
  if (!isPublic) return `${ip} is not a public address (${range})`;
  if (!isNamed && !PUBLIC_PORTS.includes(port))
    return `port ${port} is not one of ${PUBLIC_PORTS.join(', ')}`;
  return null;
}

function isWithin(ip: ipaddr.IPv4 | ipaddr.IPv6, range: string): boolean {
  const [network, bits] = range.includes('/')
    ? ipaddr.parseCIDR(range)
    : [ipaddr.process(range), ipaddr.process(range).kind() === 'ipv4' ? 32 : 128];
  return ip.kind() === network.kind() && ip.match(network, bits);
}
