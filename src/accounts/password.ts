/**
 * Passwords as PHC strings of argon2id (RFC 9106) with the parameters that OWASP gives for 19 MiB. Hashing runs
 * off the main thread, a few at a time: a flood of logins must not take the threads that sign and write.
 */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { MailError } from '../lib/mail-error.ts';
import { refuse } from './account-error.ts';

export interface HashParameters {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

export const currentParameters: HashParameters = { memory: 19_456, passes: 2, parallelism: 1 };

export interface PasswordHasher {
  /** The PHC string to store. */
  hash(password: string): Promise<string>;
  /** `outdated`: it matches but was hashed with other parameters than today's. */
  verify(stored: string, password: string): Promise<'no' | 'yes' | 'outdated'>;
}

export interface HasherOptions {
  readonly parameters?: HashParameters;
  /** Hashes at the same time, 2 unless told: half of libuv's threads. */
  readonly atOnce?: number;
  /** Hashes that may wait, 1000 unless told; more are answered with `temporary`. */
  readonly waiting?: number;
}

const tagLength = 32;
const saltLength = 16;

/** @throws from its methods: {MailError} `temporary`, 454 4.7.0, when too many logins wait. */
export function createPasswordHasher(options: HasherOptions = {}): PasswordHasher {
  const parameters = options.parameters ?? currentParameters;
  const inTurn = createTurns(options.atOnce ?? 2, options.waiting ?? 1000);
  return {
    hash: async (password) => {
      const salt = randomBytes(saltLength);
      const tag = await inTurn(() => derive(password, salt, parameters));
      return formatPhc({ parameters, salt, tag });
    },
    verify: async (stored, password) => {
      const phc = parsePhc(stored);
      const tag = await inTurn(() => derive(password, phc.salt, phc.parameters, phc.tag.length));
      if (!timingSafeEqual(tag, phc.tag)) return 'no';
      const current =
        phc.parameters.memory === parameters.memory &&
        phc.parameters.passes === parameters.passes &&
        phc.parameters.parallelism === parameters.parallelism;
      return current ? 'yes' : 'outdated';
    },
  };
}

/**
 * The password as it is hashed: Unicode NFC, every space the plain one (RFC 8265 §4.2.2).
 * The same text typed on another system is then the same password.
 */
export function preparePassword(password: string): string {
  return password.normalize('NFC').replace(/\p{Zs}/gu, ' ');
}

/** @throws {MailError} `permanent` when it is too short, too long or cannot be typed. */
export function checkNewPassword(password: string): void {
  const length = [...preparePassword(password)].length;
  if (length < 8) throw refuse('The password is too short: give at least 8 characters');
  if (length > 256) throw refuse('The password is too long: give at most 256 characters');
  if (/\p{Cc}/u.test(password)) throw refuse('The password has control characters, which cannot be typed');
}

interface Phc {
  readonly parameters: HashParameters;
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

function formatPhc({ parameters, salt, tag }: Phc): string {
  const { memory, passes, parallelism } = parameters;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${toBase64(salt)}$${toBase64(tag)}`;
}

/** @throws {Error} when the stored text is not argon2id of version 19. */
function parsePhc(text: string): Phc {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(text);
  if (match === null) throw new Error('a stored password is not an argon2id PHC string');
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    parameters: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** PHC strings have no padding. */
function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}

function derive(
  password: string,
  salt: Uint8Array,
  parameters: HashParameters,
  length: number = tagLength,
): Promise<Uint8Array> {
  const values: Argon2Parameters = {
    message: preparePassword(password),
    nonce: salt,
    tagLength: length,
    ...parameters,
  };
  return new Promise((resolve, reject) => {
    argon2('argon2id', values, (error, tag) => (error ? reject(error) : resolve(tag)));
  });
}

function createTurns(atOnce: number, mayWait: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= atOnce) {
      if (waiting.length >= mayWait) throw tooManyLogins();
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function tooManyLogins(): MailError {
  return new MailError('temporary', 'Too many logins at this moment; try again in a minute', {
    code: 454,
    enhanced: '4.7.0',
  });
}
