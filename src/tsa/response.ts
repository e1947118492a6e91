/** TimeStampResp written and read (RFC 3161 §2.4.2): what a `.tsr` file holds. Pure. */
import { type BerElement, BerError, contentOf, encodingOf, parseBer } from '../lib/ber.ts';
import { encodeInteger, encodeNamedBits, encodeSequence, encodeUtf8String } from '../lib/der.ts';

/** PKIFailureInfo: the bit numbers by name. */
export const failureBits = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const;

export type FailureReason = keyof typeof failureBits;

export type TimeStampResponse =
  | { readonly outcome: 'granted'; readonly token: Uint8Array }
  /** `text`: what the authority says about it, for the operator. */
  | { readonly outcome: 'rejected'; readonly text: string };

/** The response around a token: status granted. */
export function buildGranted(token: Uint8Array): Uint8Array {
  return encodeSequence(encodeSequence(encodeInteger(0)), token);
}

export function buildRejection(reason: FailureReason, text: string): Uint8Array {
  return encodeSequence(
    encodeSequence(
      encodeInteger(2),
      encodeSequence(encodeUtf8String(text)),
      encodeNamedBits(failureBits[reason]),
    ),
  );
}

/** Never throws: bytes that are no response are a rejection that says so. */
export function readResponse(der: Uint8Array): TimeStampResponse {
  try {
    return readElements(parseBer(der, { depth: 40, elements: 20_000 }));
  } catch (error) {
    if (error instanceof BerError) return unreadable;
    throw error;
  }
}

const unreadable: TimeStampResponse = {
  outcome: 'rejected',
  text: 'the answer is no time-stamp response',
};

function readElements(response: BerElement): TimeStampResponse {
  const [info, token] = response.tag === 0x30 ? response.children : [];
  const status = info?.children[0];
  if (info?.tag !== 0x30 || status?.tag !== 0x02) return unreadable;
  const code = contentOf(status)[0] ?? 255;
  if ((code === 0 || code === 1) && token !== undefined)
    return { outcome: 'granted', token: Uint8Array.from(encodingOf(token)) };
  return { outcome: 'rejected', text: describeFailure(code, info.children.slice(1)) };
}

function describeFailure(code: number, rest: readonly BerElement[]): string {
  const texts = (rest.find(({ tag }) => tag === 0x30)?.children ?? []).map((text) =>
    Buffer.from(contentOf(text))
      .toString('utf8')
      .replace(/[^\P{C}]/gu, ' '),
  );
  const bits = rest.find(({ tag }) => tag === 0x03);
  const reasons = bits === undefined ? [] : readBits(contentOf(bits));
  return [`status ${code}`, ...reasons, ...texts].join(', ').slice(0, 500);
}

function readBits(bitString: Uint8Array): string[] {
  const isSet = (bit: number) => ((bitString[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  return Object.entries(failureBits).flatMap(([name, bit]) => (isSet(bit) ? [name] : []));
}
