/**
 * Where all edges bring who wants in: names and passwords, or a SASL exchange. The guard is asked before a password
 * is looked at and hears how it ended, so that guesses count over all protocols. What the client is told of a
 * failure, and after which wait, is the edge's to say, and must be the same for every reason.
 */
import { randomBytes } from 'node:crypto';
import type { Credentials, KeysOffer, SaslExchange, SaslMechanism, SaslResult } from '../sasl/mechanisms.ts';
import type { LoginGuard, LoginTry } from './login-guard.ts';

/** Where a password may be used, as application passwords name it. */
export type LoginScope = 'imap' | 'pop3' | 'smtp';

/** What the desk asks of the accounts. */
export interface DeskAccounts<L> {
  /** Undefined for a wrong name or password, which takes as long as a right one. `from`: the client's address. */
  authenticate(name: string, password: string, scope: LoginScope, from: string): Promise<L | undefined>;
  /** Keys for any name; undefined where there are none. */
  readonly offerKeys?: ((name: string, scope: LoginScope, from: string) => Promise<KeysOffer<L>>) | undefined;
}

export type LoginOutcome<L> =
  | { readonly result: 'ok'; readonly name: string; readonly login: L }
  | {
      /** `locked`: too many failures, or too many at once; nothing was looked at. */
      readonly result: 'credentials' | 'locked';
      readonly name: string;
      /** To wait before the answer, milliseconds. */
      readonly delayMs: number;
    };

export interface DeskParts<L> {
  readonly accounts: DeskAccounts<L>;
  readonly guard: LoginGuard;
  readonly scope: LoginScope;
}

/** @throws from its methods: {MailError} `temporary` when the accounts cannot answer; then the try does not count. */
export interface LoginDesk<L> {
  /** SCRAM can be offered. */
  readonly hasKeys: boolean;
  /** @param address the client's IP address */
  byPassword(address: string, name: string, password: string): Promise<LoginOutcome<L>>;
  /** @throws {SaslProblem} also what `exchange.challenge` throws */
  bySasl(
    address: string,
    mechanism: SaslMechanism,
    exchange: Omit<SaslExchange, 'nonce'>,
  ): Promise<LoginOutcome<L>>;
}

export function createLoginDesk<L>({ accounts, guard, scope }: DeskParts<L>): LoginDesk<L> {
  const attend = async (
    address: string,
    work: (credentials: Credentials<L>) => Promise<SaslResult<L>>,
  ): Promise<LoginOutcome<L>> => {
    let turn: LoginTry | undefined;
    const begin = async (name: string): Promise<void> => {
      turn = await guard.begin(address, name);
      if (turn.locked) throw new Locked(name, turn.delayMs);
    };
    try {
      const { name, login } = await work({
        byPassword: async (name, password) => {
          await begin(name);
          return accounts.authenticate(name, password, scope, address);
        },
        byKeys: async (name) => {
          await begin(name);
          if (accounts.offerKeys === undefined) throw new Error('keys were asked for where there are none');
          return accounts.offerKeys(name, scope, address);
        },
      });
      if (login === undefined) {
        turn?.failed();
        return { result: 'credentials', name, delayMs: turn?.delayMs ?? 0 };
      }
      turn?.succeeded();
      return { result: 'ok', name, login };
    } catch (error) {
      if (error instanceof Locked) return { result: 'locked', name: error.login, delayMs: error.delayMs };
      turn?.undecided();
      throw error;
    }
  };
  return {
    hasKeys: accounts.offerKeys !== undefined,
    byPassword: (address, name, password) =>
      attend(address, async (credentials) => ({ name, login: await credentials.byPassword(name, password) })),
    bySasl: (address, mechanism, exchange) =>
      attend(address, (credentials) => mechanism.run({ ...exchange, nonce: drawNonce }, credentials)),
  };
}

class Locked extends Error {
  readonly login: string;
  readonly delayMs: number;

  constructor(login: string, delayMs: number) {
    super('too many failed logins');
    this.login = login;
    this.delayMs = delayMs;
  }
}

function drawNonce(): string {
  return randomBytes(18).toString('base64');
}
