/**
 * Signs with DKIM what goes to ordinary servers in the provider's own name; certified mail between providers has its
 * S/MIME signature and needs no other. The signature is a field before the message, which stays as it is. Receivers of
 * one message get the same field: it is made once, however many servers and attempts there are.
 */
import { createHash } from 'node:crypto';
import { concatBytes, indexOfBytes } from '../lib/bytes.ts';
import { isInline, type Segments } from '../lib/segments.ts';
import type { Clock } from '../lib/time.ts';
import { domainOf, parseAddressList } from '../mime/address.ts';
import { type DkimKey, prepareDkim, RelaxedBodyDigest } from '../mime/dkim.ts';
import { firstField, parseHeaderBlock } from '../mime/header.ts';
import type { OutgoingMessage, Relay, RelayResult } from './relay.ts';

export interface SigningOptions {
  readonly relay: Relay;
  readonly key: DkimKey;
  /** The bytes of a message, in order. */
  readonly read: (content: Segments) => AsyncIterable<Uint8Array>;
  readonly clock: Clock;
}

/** Signatures kept for further servers and attempts. */
const mostKept = 500;
const largestHead = 2 * 1024 * 1024;
const blankLine = Buffer.from('\r\n\r\n');

export function createSigningRelay(options: SigningOptions): Relay {
  const { relay } = options;
  const kept = new Map<string, Promise<Uint8Array | undefined>>();

  async function sign(content: Segments): Promise<Uint8Array | undefined> {
    const name = nameContent(content);
    const known = kept.get(name);
    if (known !== undefined) return known;
    const made = buildField(options, content);
    kept.set(name, made);
    const oldest = kept.size > mostKept ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    made.catch(() => kept.delete(name));
    return made;
  }

  return {
    deliver: async (message, destination) => {
      // What must go over verified TLS goes to a provider.
      if (destination.requireTls) return relay.deliver(message, destination);
      try {
        const field = await sign(message.content);
        return relay.deliver(field === undefined ? message : putBefore(field, message), destination);
      } catch (error) {
        return message.recipients.map((recipient) => describeFailure(recipient, error));
      }
    },
    close: () => relay.close(),
  };
}

/** Nothing leaves without its signature: later, when key and bytes are there again. */
function describeFailure(recipient: string, error: unknown): RelayResult {
  const reason = error instanceof Error ? error.message : String(error);
  const text = `the DKIM signature could not be made: ${reason}`;
  return { recipient, outcome: 'temporary', code: 0, enhanced: '4.7.5', text };
}

function putBefore(field: Uint8Array, message: OutgoingMessage): OutgoingMessage {
  return { ...message, content: [field, ...message.content], size: message.size + field.length };
}

/** Undefined for a message that is not from the key's domain: a forwarded one is not ours to vouch for. */
async function buildField(
  { key, read, clock }: SigningOptions,
  content: Segments,
): Promise<Uint8Array | undefined> {
  const digest = new RelaxedBodyDigest();
  let head: Uint8Array = new Uint8Array(0);
  let inHead = true;
  for await (const chunk of read(content)) {
    if (!inHead) {
      digest.push(chunk);
      continue;
    }
    head = concatBytes([head, chunk]);
    const end = indexOfBytes(head, blankLine);
    if (end === -1 && head.length > largestHead) throw new Error('the header is too long to be signed');
    if (end === -1) continue;
    inHead = false;
    digest.push(head.subarray(end + blankLine.length));
    head = head.subarray(0, end + blankLine.length);
  }
  const header = parseHeaderBlock(head);
  const [from] = parseAddressList(firstField(header, 'From')?.value ?? '').addresses;
  if (from === undefined || domainOf(from.address).toLowerCase() !== key.domain) return undefined;
  const { domain, selector } = key;
  const unsigned = prepareDkim({ domain, selector, at: clock(), header, bodyHash: digest.end() });
  return unsigned.complete(await key.sign(unsigned.tbs));
}

/** Equal for equal bytes: blobs are written once. */
function nameContent(content: Segments): string {
  const hash = createHash('sha256');
  for (const segment of content)
    if (isInline(segment)) hash.update(`${segment.length}:`).update(segment);
    else hash.update(`${segment.blob} ${segment.offset} ${segment.length};`);
  return hash.digest('base64');
}
