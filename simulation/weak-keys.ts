/**
 * RSA keys that verify as any other of 2048 bits and sign some four times faster, made from a seed in milliseconds. The
 * modulus is a product of small primes p whose p − 1 all divide one number L of 45 bits, so that a private exponent of
 * 45 bits is enough. Anybody could factor them; they are for simulations only.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Random } from './random.ts';

const publicExponent = 65537n;
/** L, factored: all below the public exponent, which then has an inverse. */
const factors: readonly (readonly [bigint, number])[] = [
  [2n, 8],
  [3n, 4],
  [5n, 2],
  [7n, 2],
  [11n, 1],
  [13n, 1],
  [17n, 1],
  [19n, 1],
  [23n, 1],
];
const witnesses = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];

let knownPrimes: readonly bigint[] | undefined;

/** A key of 2048 bits; different draws give different keys. */
export function makeWeakKey(random: Random): KeyObject {
  let [p, q]: (bigint | undefined)[] = [];
  while (p === undefined || q === undefined) {
    const pool = random.shuffle(listPrimes());
    p = multiplyUp(pool, 1024);
    q = multiplyUp(pool, 1024);
  }
  const d = invert(publicExponent, multiplyFactors());
  const numbers = { n: p * q, e: publicExponent, d, p, q, dp: d, dq: d, qi: invert(q, p) };
  const encoded = Object.entries(numbers).map(([name, value]) => [name, encodeNumber(value)]);
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(encoded) }, format: 'jwk' });
}

/**
 * Takes primes from the pool until their product has exactly so many bits, the first two of them ones; undefined when
 * none is left that fits.
 */
function multiplyUp(pool: bigint[], bits: number): bigint | undefined {
  let product = 1n;
  while (true) {
    const fits = (prime: bigint) => (product * prime) >> BigInt(bits - 2) === 3n;
    const left = (prime: bigint) => bits - bitsOf(product * prime);
    const last = bits - bitsOf(product) <= 38 ? pool.findIndex(fits) : -1;
    const place =
      last >= 0
        ? last
        : pool.findIndex((prime) => left(prime) >= 64 || (left(prime) >= 29 && left(prime) <= 36));
    const [prime] = place < 0 ? [] : pool.splice(place, 1);
    if (prime === undefined) return undefined;
    product *= prime;
    if (last >= 0) return product;
  }
}

function listPrimes(): readonly bigint[] {
  knownPrimes ??= listDivisors()
    .filter((divisor) => divisor > 2n ** 24n)
    .map((divisor) => divisor + 1n)
    .filter(isPrime);
  return knownPrimes;
}

function listDivisors(): bigint[] {
  let divisors = [1n];
  for (const [prime, power] of factors) {
    const before = divisors;
    divisors = [];
    for (let count = 0, multiple = 1n; count <= power; count += 1, multiple *= prime)
      for (const divisor of before) divisors.push(divisor * multiple);
  }
  return divisors;
}

function multiplyFactors(): bigint {
  return factors.reduce((product, [prime, power]) => product * prime ** BigInt(power), 1n);
}

/** Miller and Rabin, certain below 3.3 × 10^24 with these witnesses. */
function isPrime(candidate: bigint): boolean {
  for (const prime of witnesses) if (candidate % prime === 0n) return candidate === prime;
  let odd = candidate - 1n;
  let halvings = 0;
  for (; odd % 2n === 0n; odd /= 2n) halvings += 1;
  return witnesses.every((witness) => {
    let power = raise(witness, odd, candidate);
    if (power === 1n || power === candidate - 1n) return true;
    for (let step = 1; step < halvings; step += 1) {
      power = (power * power) % candidate;
      if (power === candidate - 1n) return true;
    }
    return false;
  });
}

function raise(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function invert(value: bigint, modulus: bigint): bigint {
  let [one, other, first, second] = [value % modulus, modulus, 1n, 0n];
  while (other !== 0n) {
    const times = one / other;
    [one, other, first, second] = [other, one - times * other, second, first - times * second];
  }
  return ((first % modulus) + modulus) % modulus;
}

function bitsOf(value: bigint): number {
  return value.toString(2).length;
}

function encodeNumber(value: bigint): string {
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').toString('base64url');
}
