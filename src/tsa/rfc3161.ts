/**
 * A time-stamp authority asked over HTTP (RFC 3161 §3.4), or in another way. A stamp is given out only when it was verified: over
 * the digest asked for, answering this very request, by a certificate for time stamping under the anchors
 * configured, at a time that is ours.
 */
import { randomBytes } from 'node:crypto';
import { MailError } from '../lib/mail-error.ts';
import type { Clock, Instant } from '../lib/time.ts';
import { describeInstant } from '../smime/problems.ts';
import type { Trust } from '../smime/trust.ts';
import { sha256Imprint } from './message-imprint.ts';
import { buildRequest, trimLeadingZeros } from './request.ts';
import { readResponse } from './response.ts';
import type { TimeStampAuthority } from './time-stamp.ts';
import { stampUnavailable } from './unavailable.ts';
import { verifyTimeStamp } from './verify-time-stamp.ts';

export interface AuthorityOptions {
  readonly name: string;
  readonly trust: () => Trust;
  readonly clock: Clock;
  /** Asked for when given; dotted OID. */
  readonly policy?: string;
}

export interface RemoteAuthorityOptions extends AuthorityOptions {
  /** `length` unpredictable bytes. */
  readonly random: (length: number) => Uint8Array;
  /**
   * TimeStampReq to whatever is answered, both DER.
   * @throws {MailError} `temporary` when there is no answer.
   */
  readonly exchange: (request: Uint8Array) => Promise<Uint8Array>;
}

export interface HttpAuthorityOptions extends AuthorityOptions {
  /** `http:` or `https:`; the token is signed, so plain HTTP harms only privacy. */
  readonly url: string;
  readonly timeoutMs: number;
  /** HTTP Basic, for authorities that sell stamps. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

const largestAnswer = 256 * 1024;
/** The law wants our clock within a second; a stamp ten minutes off means that one of the two is broken. */
const greatestDifferenceMs = 600_000;

export function createHttpAuthority(options: HttpAuthorityOptions): TimeStampAuthority {
  return createRemoteAuthority({
    ...options,
    random: randomBytes,
    exchange: (request) => exchange(options, request),
  });
}

/** Over whatever carries request and answer: nothing that comes back is believed unverified. */
export function createRemoteAuthority(options: RemoteAuthorityOptions): TimeStampAuthority {
  return { name: options.name, stamp: (digest) => askForStamp(options, digest) };
}

async function askForStamp(options: RemoteAuthorityOptions, digest: Uint8Array): Promise<Uint8Array> {
  const { name, policy } = options;
  const imprint = sha256Imprint(digest);
  // RFC 3161 §2.4.1: a large random number.
  const nonce = trimLeadingZeros(options.random(16));
  const answer = await options.exchange(buildRequest({ imprint, policy, nonce, withCertificates: true }));
  const response = readResponse(answer);
  if (response.outcome === 'rejected') throw stampUnavailable(name, response.text);
  const now = options.clock();
  const verdict = verifyTimeStamp({ token: response.token, imprint, nonce, now, trust: options.trust() });
  const problems = [
    ...verdict.problems,
    ...checkPolicy(verdict.policy, policy),
    ...checkTime(verdict.time, now),
  ];
  if (problems.length > 0) throw stampUnavailable(name, problems.join('; '));
  return response.token;
}

function checkPolicy(actual: string | undefined, wanted: string | undefined): string[] {
  return wanted === undefined || actual === wanted ? [] : [`it stamps under another policy (${actual})`];
}

function checkTime(time: Instant | undefined, now: Instant): string[] {
  if (time === undefined || Math.abs(time - now) <= greatestDifferenceMs) return [];
  return [`its clock says ${describeInstant(time)} when ours says ${describeInstant(now)}`];
}

async function exchange(options: HttpAuthorityOptions, request: Uint8Array): Promise<Uint8Array> {
  const { name, url, timeoutMs } = options;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', ...authorization(options) },
      body: Buffer.from(request),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw stampUnavailable(name, `HTTP ${response.status}`);
    return await readLimited(response, name);
  } catch (error) {
    if (error instanceof MailError) throw error;
    throw stampUnavailable(name, describe(error, timeoutMs), error);
  }
}

function authorization({ credentials }: HttpAuthorityOptions): Record<string, string> {
  if (credentials === undefined) return {};
  const text = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return { authorization: `Basic ${text}` };
}

async function readLimited(response: Response, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > largestAnswer) throw stampUnavailable(name, 'its answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a person can do something about: the cause that fetch wraps, or the time that ran out. */
function describe(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${timeoutMs} ms`;
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
