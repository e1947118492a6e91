/**
 * The Message-ID of a message as it is kept with its row: what the sender's copy is found by, whoever stored it.
 * Two messages are the same one when these texts are equal.
 */
import type { BlobStore } from '../blob/blob-store.ts';
import { readSegments } from '../blob/read-segments.ts';
import { concatBytes } from '../lib/bytes.ts';
import type { Segments } from '../lib/segments.ts';
import { type HeaderBlock, parseHeaderBlock } from '../mime/header.ts';
import { readMsgid } from '../pec/original-message.ts';

/** Longer ones are no line of RFC 5322 §2.1.1, and nobody looks for them. */
const longest = 998;
/** Where a header is looked for: more than any mail program writes. */
const headBytes = 128 * 1024;

/** As written, on one line; undefined when there is none, or one that is too long to be looked for. */
export function readMessageId(header: HeaderBlock): string | undefined {
  const id = readMsgid(header);
  return id !== undefined && id.length <= longest ? id : undefined;
}

/** The same of a message that is about to be stored. Reads no more than its beginning. */
export async function findMessageId(blobs: BlobStore, content: Segments): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readSegments(blobs, content, { offset: 0, length: headBytes })) {
    chunks.push(chunk);
    size += chunk.length;
    const bytes = chunks.length === 1 ? chunk : concatBytes(chunks);
    if (endsHeader(bytes) || size >= headBytes) return readMessageId(parseHeaderBlock(bytes));
  }
  return readMessageId(parseHeaderBlock(concatBytes(chunks)));
}

function endsHeader(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.includes('\r\n\r\n') || view.includes('\n\n');
}
