/**
 * Counts the connections of a server, all and by client address, and says who may still come in. An IPv6 client
 * counts by its /64: that is what one subscriber has.
 */
export interface AdmissionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

export type Refusal = 'too-many-connections' | 'too-many-from-address';

/** The part of an IP address that one client cannot change at will, in one form for equal addresses. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!plain.includes(':')) return plain;
  const groups = expandIpv6(plain.split('%')[0] ?? '');
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/** IPv4 in dotted form also when a dual-stack socket reports it as ::ffff:a.b.c.d. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function expandIpv6(address: string): string[] {
  const [head = '', tail] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...new Array<string>(missing).fill('0'), ...right];
  return groups.map((group) => group.replace(/^0+(?=.)/, ''));
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#all;
  }

  /** Counts a connection in, or says why not. Each one counted in must `leave` once. */
  enter(address: string): Refusal | undefined {
    const key = addressKey(address);
    const here = this.#byAddress.get(key) ?? 0;
    if (this.#all >= this.#limits.connections) return 'too-many-connections';
    if (here >= this.#limits.connectionsPerAddress) return 'too-many-from-address';
    this.#all++;
    this.#byAddress.set(key, here + 1);
    return undefined;
  }

  leave(address: string): void {
    const key = addressKey(address);
    const here = this.#byAddress.get(key) ?? 0;
    this.#all--;
    if (here <= 1) this.#byAddress.delete(key);
    else this.#byAddress.set(key, here - 1);
  }
}
