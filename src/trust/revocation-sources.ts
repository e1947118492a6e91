/**
 * Which revocation lists and OCSP answers there are to fetch: those that the certificates we lean on name
 * themselves. Never those of a certificate that a message brought: strangers do not tell us where to connect.
 */
import { decodePem } from '../lib/pem.ts';
import type { Instant } from '../lib/time.ts';
import { type Certificate, hashCertificate } from '../smime/certificate.ts';
import { describeName } from '../smime/distinguished-name.ts';
import { buildOcspRequest, type CertificateStatus, readOcspResponse } from '../smime/ocsp.ts';
import { parseRevocationList, type RevocationList } from '../smime/revocation-list.ts';
import { isSignedBy } from '../smime/structure-signature.ts';
import type { StatusSource } from './status-keeper.ts';
import { type WebClient, WebError } from './web-client.ts';

export interface SourceOptions {
  /** Whose revocation would matter: providers in the index, intermediate authorities. */
  readonly certificates: readonly Certificate[];
  /** Who may have signed a list. */
  readonly authorities: readonly Certificate[];
  readonly web: WebClient;
  /** False for addresses not to be asked. */
  readonly isAllowed: (url: string) => boolean;
}

const maxListBytes = 32 * 1024 * 1024;
const maxAnswerBytes = 256 * 1024;
const listTimeoutMs = 60_000;
const answerTimeoutMs = 10_000;
/** Addresses in all; the whole of Italy needs a handful. */
const mostLists = 200;
/** An answer without a due date is made for the moment of asking (RFC 6960 §4.2.2.1). */
const momentMs = 3_600_000;

/** One source for each address. */
export function listCrlSources(options: SourceOptions): StatusSource<RevocationList>[] {
  const issuersByUrl = new Map<string, Uint8Array[]>();
  for (const { extensions, issuer } of options.certificates)
    for (const url of extensions.crlUrls.filter(options.isAllowed))
      issuersByUrl.set(url, [...(issuersByUrl.get(url) ?? []), issuer]);
  return [...issuersByUrl].slice(0, mostLists).map(([url, issuers]) => ({
    key: url,
    url,
    fetch: () => options.web({ url, maxBytes: maxListBytes, timeoutMs: listTimeoutMs }),
    read: (bytes, at) => readList(bytes, { issuers, authorities: options.authorities, at }),
  }));
}

interface ListExpectation {
  /** Names of those whose certificates name the address. */
  readonly issuers: readonly Uint8Array[];
  readonly authorities: readonly Certificate[];
  readonly at: Instant;
}

/** Plain HTTP can give any list, also a good one of another authority. */
function readList(bytes: Uint8Array, { issuers, authorities, at }: ListExpectation): RevocationList {
  const list = parseRevocationList(unwrapPem(bytes));
  if (!issuers.some((issuer) => sameBytes(issuer, list.issuer)))
    throw new Error('it is the list of another authority');
  const named = authorities.filter(({ subject }) => sameBytes(subject, list.issuer));
  const [first] = named;
  if (first === undefined)
    throw new Error('the certificate of its authority is not known: add it to trust.intermediates');
  const signer = named.find(
    (authority) => authority.extensions.keyUsage?.crlSign !== false && isSignedBy(list, authority),
  );
  if (signer === undefined) throw new Error(`it is not signed by ${describeName(first.subjectName)}`);
  if (list.thisUpdate > at + 600_000) throw new Error('it is from the future');
  return list;
}

/** RFC 5280 §4.2.1.13 wants DER; some publish PEM all the same. */
function unwrapPem(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x2d) return bytes;
  return decodePem('X509 CRL', Buffer.from(bytes).toString('latin1'))[0] ?? bytes;
}

/** One source for each certificate that names a responder and whose issuer is known; its key is `hashCertificate`. */
export function listOcspSources(options: SourceOptions): StatusSource<CertificateStatus>[] {
  return options.certificates.flatMap((certificate) => {
    const urls = certificate.extensions.ocspUrls.filter(options.isAllowed);
    const issuer = options.authorities.find((authority) => isIssuer(authority, certificate));
    const [url] = urls;
    if (url === undefined || issuer === undefined) return [];
    const question = { certificate, issuer };
    return [
      {
        key: hashCertificate(certificate.der),
        url,
        fetch: () => askFirst(options.web, urls, buildOcspRequest(question)),
        read: (bytes, at) => {
          const status = readOcspResponse(bytes, question, at);
          return { ...status, nextUpdate: status.nextUpdate ?? at + momentMs };
        },
      },
    ];
  });
}

/** The responders in their order, until one answers. */
async function askFirst(web: WebClient, urls: readonly string[], bytes: Uint8Array): Promise<Uint8Array> {
  const body = { type: 'application/ocsp-request', bytes };
  const failures: string[] = [];
  for (const url of urls) {
    try {
      return await web({ url, body, maxBytes: maxAnswerBytes, timeoutMs: answerTimeoutMs });
    } catch (error) {
      if (!(error instanceof WebError)) throw error;
      failures.push(error.message);
    }
  }
  throw new WebError(failures.join('; '));
}

function isIssuer(authority: Certificate, certificate: Certificate): boolean {
  return sameBytes(authority.subject, certificate.issuer) && isSignedBy(certificate, authority);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
