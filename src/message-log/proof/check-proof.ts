/**
 * A proof bundle checked with nothing but anchors: no network, no provider. Every statement in it is followed
 * to a signature or a time stamp; everything that is wrong is listed. Never throws for what a bundle holds.
 */
import { hash } from 'node:crypto';
import { equalBytes, hex, utf8 } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import type { LogEvent } from '../../pec/events.ts';
import { type Certificate, hashCertificate, readCertificate } from '../../smime/certificate.ts';
import { mailAddressesOf } from '../../smime/certificate-extensions.ts';
import { checkChain } from '../../smime/chain.ts';
import { parseRevocationList, RevocationListError } from '../../smime/revocation-list.ts';
import { archivePolicy, type Trust, type VerificationPolicy } from '../../smime/trust.ts';
import { verifyAttached, verifyDetached } from '../../smime/verify.ts';
import { sha256Imprint } from '../../tsa/message-imprint.ts';
import { verifyTimeStamp } from '../../tsa/verify-time-stamp.ts';
import { rootFromPath } from '../seal/merkle.ts';
import {
  digestLine,
  type EntryLine,
  readEntry,
  readHeader,
  type SegmentHeader,
} from '../seal/segment-line.ts';
import { readStatement } from '../seal/statement.ts';
import type { LogTrust } from '../verify/check-seal.ts';
import { openBundle, type ProofBundle, type ProofEntry, type ProofSegment } from './bundle.ts';

export interface ProofVerdict {
  readonly ok: boolean;
  /** English, one sentence each without a full stop. */
  readonly problems: readonly string[];
  /** What the bundle says; to be believed only when `ok`. */
  readonly provider: string | undefined;
  readonly identificativo: string | undefined;
  readonly entries: readonly ProvedEntry[];
  readonly stamps: readonly ProvedStamp[];
  /** Entries that were not sealed when the bundle was made. */
  readonly unsealed: number;
  readonly message: ProofBundle['message'];
}

export interface ProvedEntry {
  readonly node: string;
  readonly seq: number;
  readonly event: LogEvent;
}

export interface ProvedStamp {
  readonly segment: string;
  readonly authority: string;
  readonly time: Instant;
}

/** As `archivePolicy`, for signers of any kind: the keeper of the index is no provider. */
const anySigner: VerificationPolicy = { ...archivePolicy, profile: 'any' };

/** `now` only keeps signatures of the future out. */
export function checkProof(bytes: Uint8Array, trust: LogTrust, now: Instant): ProofVerdict {
  const opened = openBundle(bytes);
  if (opened === undefined) return refuse('this is no proof bundle, or it was altered');
  const checker = new ProofChecker(opened.bundle, withLists(trust, opened.bundle), now);
  const verdict = verifyDetached({
    cms: opened.signature,
    contentDigests: { sha256: opened.signedDigest },
    trust: trust.provider,
    policy: archivePolicy,
    now,
    from: addressOf(opened.bundle.provider),
  });
  for (const { text } of verdict.problems) checker.report(`the signature of the bundle: ${text}`);
  try {
    return checker.run();
  } catch (error) {
    // The shape of what was signed is checked on the way; a value of another type than it should be ends here.
    if (error instanceof TypeError) return refuse('the bundle is not well formed');
    throw error;
  }
}

class ProofChecker {
  readonly #bundle: ProofBundle;
  readonly #trust: LogTrust;
  readonly #now: Instant;
  readonly #problems: string[] = [];
  readonly #entries: ProvedEntry[] = [];
  readonly #stamps: ProvedStamp[] = [];
  readonly #facts: ReadonlyMap<string, string>;
  readonly #certificates: ReadonlyMap<string, Uint8Array>;

  constructor(bundle: ProofBundle, trust: LogTrust, now: Instant) {
    this.#bundle = bundle;
    this.#trust = trust;
    this.#now = now;
    this.#facts = new Map(bundle.facts.map((text) => [hex(digestLine(text)), text]));
    const certificates = bundle.certificates.map((text) => Buffer.from(text, 'base64'));
    this.#certificates = new Map(certificates.map((der) => [hash('sha256', der, 'hex'), der]));
  }

  report(problem: string): void {
    this.#problems.push(problem);
  }

  run(): ProofVerdict {
    const { segments, provider, identificativo, unsealed, message } = this.#bundle;
    for (const segment of segments) this.#checkSegment(segment);
    if (this.#entries.length === 0) this.report('the bundle proves nothing: it has no entries');
    this.#checkMessage();
    return {
      ok: this.#problems.length === 0,
      problems: this.#problems,
      provider: provider.name,
      identificativo,
      entries: this.#entries,
      stamps: this.#stamps,
      unsealed,
      message,
    };
  }

  #checkSegment(segment: ProofSegment): void {
    const header = readHeader(segment.header);
    if (header === undefined) {
      this.report('the header of a segment cannot be read');
      return;
    }
    const name = `${header.node}/${header.number}`;
    const root = Buffer.from(segment.root, 'hex');
    if (segment.size !== header.entries + 1 || hex(root) !== segment.root)
      this.report(`segment ${name}: its size or root is not what its header says`);
    if (
      header.provider.name !== this.#bundle.provider.name ||
      header.provider.domain !== this.#bundle.provider.domain
    )
      this.report(`segment ${name}: it is of another provider`);
    if (
      !leadsTo(root, digestLine(segment.header), { index: 0, path: segment.headerPath, size: segment.size })
    )
      this.report(`segment ${name}: the header is not under the root`);
    this.#checkStamps(segment, name, root);
    this.#checkStatement(segment, name);
    for (const entry of segment.entries) this.#checkEntry(entry, { segment, header, root });
    this.#checkIndex(segment, header);
  }

  #checkStamps({ stamps }: ProofSegment, name: string, root: Uint8Array): void {
    if (stamps.length === 0) this.report(`segment ${name}: nobody stamped it`);
    for (const { authority, time, token } of stamps) {
      const verdict = verifyTimeStamp({
        token: Buffer.from(token, 'base64'),
        imprint: sha256Imprint(root.length === 32 ? root : new Uint8Array(32)),
        trust: this.#trust.stamps,
      });
      for (const problem of verdict.problems)
        this.report(`segment ${name}: the time stamp of ${authority}: ${problem}`);
      if (verdict.time === undefined) continue;
      if (new Date(verdict.time).toISOString() !== time)
        this.report(`segment ${name}: the bundle gives another time than the stamp of ${authority}`);
      this.#stamps.push({ segment: name, authority, time: verdict.time });
    }
  }

  #checkStatement({ statement: text, root }: ProofSegment, name: string): void {
    const cms = Buffer.from(text, 'base64');
    const trust = this.#trust.provider;
    const from = addressOf(this.#bundle.provider);
    const { verdict, content } = verifyAttached({ cms, trust, policy: archivePolicy, now: this.#now, from });
    for (const problem of verdict.problems)
      this.report(`segment ${name}: the signed statement: ${problem.text}`);
    if (content !== undefined && readStatement(content)?.root !== root)
      this.report(`segment ${name}: the signed statement is about another root`);
  }

  #checkEntry(
    { line, index, path }: ProofEntry,
    { segment, header, root }: { segment: ProofSegment; header: SegmentHeader; root: Uint8Array },
  ): void {
    const entry = readEntry(line);
    if (entry === undefined) {
      this.report('a line is no entry');
      return;
    }
    const name = `entry ${entry.node}/${entry.seq}`;
    if (entry.node !== header.node || index !== entry.seq - header.firstSeq + 1)
      this.report(`${name}: it does not stand where its number says`);
    if (!leadsTo(root, digestLine(line), { index, path, size: segment.size }))
      this.report(`${name}: it is not under the root that was stamped`);
    if (entry.identificativo !== this.#bundle.identificativo)
      this.report(`${name}: it is about another message`);
    const facts = this.#facts.get(entry.factsSha256);
    const event = facts === undefined ? undefined : readEvent(entry, facts);
    if (event === undefined) {
      this.report(`${name}: its facts are missing or cannot be read`);
      return;
    }
    this.#entries.push({ node: entry.node, seq: entry.seq, event });
    for (const { signature } of event.generated)
      if (signature !== undefined) this.#checkCertificate(name, signature.certificate, entry.at);
  }

  /** The key that signed a receipt then was the provider's, by the authorities believed. */
  #checkCertificate(name: string, wanted: string, at: Instant): void {
    const der = this.#certificates.get(wanted);
    const certificate = der === undefined ? undefined : readCertificate(der);
    if (certificate === undefined) {
      this.report(`${name}: the certificate it was signed with is missing`);
      return;
    }
    const found = [...this.#certificates.values()].flatMap((each) => readCertificate(each) ?? []);
    const { problems } = checkChain({
      certificate,
      found,
      trust: this.#trust.provider,
      policy: archivePolicy,
      instants: [at],
      revocationAt: at,
    });
    for (const { text } of problems) this.report(`${name}: the certificate it was signed with: ${text}`);
    if (!namesAddress(certificate, addressOf(this.#bundle.provider)))
      this.report(`${name}: the certificate it was signed with is not of this provider`);
  }

  #checkIndex({ index, entries }: ProofSegment, header: SegmentHeader): void {
    if (index === null) return;
    const name = `index of ${index.day}`;
    if (header.index !== null && (header.index.sha256 !== index.sha256 || header.index.day !== index.day))
      this.report(`${name}: it is not the one that was in force when the segment was sealed`);
    const texts = [
      index.entry,
      ...(index.copy === null ? [] : [this.#openCopy(index.copy, index.sha256, name)]),
    ];
    const used = new Set(
      entries
        .flatMap(({ line }) => readCertificateNames(line))
        .flatMap((each) => this.#certificates.get(each) ?? []),
    );
    for (const text of texts)
      for (const der of used)
        if (
          !text
            .replace(/\r?\n /g, '')
            .toLowerCase()
            .includes(hashCertificate(der))
        )
          this.report(`${name}: it does not have the certificate that was signed with`);
  }

  /** The whole index as its keeper signed it: its text, or nothing when it is not good. */
  #openCopy(copy: string, sha256: string, name: string): string {
    const cms = Buffer.from(copy, 'base64');
    if (hash('sha256', cms, 'hex') !== sha256) this.report(`${name}: the copy is another one`);
    const { verdict, content } = verifyAttached({
      cms,
      trust: this.#trust.provider,
      policy: anySigner,
      now: this.#now,
    });
    for (const { text } of verdict.problems) this.report(`${name}: ${text}`);
    return utf8(content ?? new Uint8Array(0));
  }

  #checkMessage(): void {
    const { message } = this.#bundle;
    if (message === null) return;
    const isKnown = this.#entries.some(({ event }) =>
      message.kind === 'issued'
        ? event.generated.some(
            ({ messageId, signature }) =>
              messageId === message.messageId && signature?.value === message.signature,
          )
        : event.type === 'accepted' && event.originalSha256 === message.sha256,
    );
    if (!isKnown) this.report('no entry of the bundle is about the message it names');
  }
}

/** The address in every provider's certificate (RFC 6109 §5.5). */
function addressOf({ domain }: ProofBundle['provider']): string {
  return `posta-certificata@${domain}`;
}

function namesAddress({ extensions }: Certificate, address: string): boolean {
  return mailAddressesOf(extensions).some((each) => each.toLowerCase() === address.toLowerCase());
}

function leadsTo(
  root: Uint8Array,
  digest: Uint8Array,
  { index, path, size }: { readonly index: number; readonly path: readonly string[]; readonly size: number },
): boolean {
  const nodes = path.map((text) => Buffer.from(text, 'hex'));
  // Hexadecimal that is not in the one form we write could hide a change.
  if (nodes.some((node, at) => hex(node) !== path[at])) return false;
  const found = rootFromPath(digest, { index, size, path: nodes });
  return found !== undefined && equalBytes(found, root);
}

function readEvent(entry: EntryLine, facts: string): LogEvent | undefined {
  try {
    const { type, at, sendingProvider } = entry;
    const event = {
      ...(JSON.parse(entry.detail) as object),
      type,
      at,
      facts: JSON.parse(facts) as unknown,
      sendingProvider,
      generated: JSON.parse(entry.generated) as unknown,
    } as LogEvent;
    return Array.isArray(event.generated) ? event : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of the certificates that the entry's messages were signed with. */
function readCertificateNames(line: string): string[] {
  const entry = readEntry(line);
  const event = entry === undefined ? undefined : readEvent(entry, '{}');
  return (event?.generated ?? []).flatMap(({ signature }) => signature?.certificate ?? []);
}

/** Lists that cannot be read count as absent: they could only speak against the provider. */
function withLists(trust: LogTrust, { crls }: ProofBundle): LogTrust {
  const lists = crls.flatMap((text) => {
    try {
      return [parseRevocationList(Buffer.from(text, 'base64'))];
    } catch (error) {
      if (error instanceof RevocationListError) return [];
      throw error;
    }
  });
  const provider: Trust = {
    ...trust.provider,
    revocationLists: [...trust.provider.revocationLists, ...lists],
  };
  return { ...trust, provider };
}

function refuse(problem: string): ProofVerdict {
  return {
    ok: false,
    problems: [problem],
    provider: undefined,
    identificativo: undefined,
    entries: [],
    stamps: [],
    unsealed: 0,
    message: null,
  };
}
