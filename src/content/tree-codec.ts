/**
 * A part tree as the bytes of one column: JSON, deflated to little more than a quarter. Trees repeat themselves, and one
 * stands beside every message, each receipt for each recipient included.
 */
import { deflateSync, inflateSync } from 'node:zlib';
import type { MessagePart } from '../mime/message-part.ts';

/** A small state of the compressor: trees are small, and to make the state is a part of the work. */
const settings = { level: 3, windowBits: 13, memLevel: 5 };

/** What {@link decodeTree} reads. */
export function encodeTree(tree: MessagePart): Uint8Array {
  return deflateSync(JSON.stringify(tree), settings);
}

/** @throws {Error} when the bytes are not whole. */
export function decodeTree(bytes: Uint8Array): MessagePart {
  return JSON.parse(inflateSync(bytes).toString()) as MessagePart;
}
