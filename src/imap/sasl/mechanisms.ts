/** The SASL mechanisms AUTHENTICATE offers, best first; a new one is a file and a line here. */
import type { ImapAccounts, ImapLogin } from '../session.ts';
import { plain } from './plain.ts';

/** One exchange of challenges and responses, already out of base64. */
export interface SaslExchange {
  readonly accounts: ImapAccounts;
  /** The initial response if the client sent one (RFC 4959). */
  readonly initial: Uint8Array | undefined;
  /** Sends a challenge and waits for the response. @throws {SyntaxProblem} when the client gives up. */
  challenge(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface SaslResult {
  /** What the client called itself; for the log. */
  readonly name: string;
  /** Undefined when name or proof were wrong. */
  readonly login: ImapLogin | undefined;
}

export interface SaslMechanism {
  /** In upper case. */
  readonly name: string;
  /** @throws {SyntaxProblem} for a response the mechanism does not allow. */
  readonly run: (exchange: SaslExchange) => Promise<SaslResult>;
}

export const mechanisms: readonly SaslMechanism[] = [plain];
