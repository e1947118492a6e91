/**
 * Merkle trees in the shape of RFC 6962 §2.1 (RFC 9162 §2.1): SHA-256, leaves and nodes told apart by a first
 * byte, a last node without a sibling moved up as it is. A tree of any size is built with its subtrees of 1024
 * leaves in memory and nothing else; with their roots kept, a path needs only the 1024 leaves around its own.
 */
import { hash } from 'node:crypto';

export const digestLength = 32;
/** Leaves of one subtree whose root is kept. */
export const subtreeLeaves = 1024;

/** MTH({d}): what stands for one value, given by its digest. */
export function hashLeaf(digest: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + digest.length);
  bytes[0] = 0;
  bytes.set(digest, 1);
  return hash('sha256', bytes, 'buffer');
}

/** What stands for two neighbours. */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + 2 * digestLength);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + digestLength);
  return hash('sha256', bytes, 'buffer');
}

export interface FinishedTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** The roots of the subtrees of 1024 leaves, one after the other, 32 bytes each; the last may have fewer. */
  readonly subtreeRoots: Uint8Array;
}

export class MerkleTree {
  readonly #subtrees: Uint8Array[] = [];
  #leaves: Uint8Array[] = [];
  #size = 0;

  /** The next value, by its digest of 32 bytes. */
  add(digest: Uint8Array): void {
    this.#leaves.push(hashLeaf(digest));
    this.#size += 1;
    if (this.#leaves.length === subtreeLeaves) this.#closeSubtree();
  }

  /** @throws {RangeError} for a tree without values, which has no root here. */
  finish(): FinishedTree {
    if (this.#leaves.length > 0) this.#closeSubtree();
    return {
      size: this.#size,
      root: rootOf(this.#subtrees),
      subtreeRoots: Buffer.concat(this.#subtrees),
    };
  }

  #closeSubtree(): void {
    this.#subtrees.push(rootOf(this.#leaves));
    this.#leaves = [];
  }
}

/** The root over nodes of one level, in order. */
export function rootOf(nodes: readonly Uint8Array[]): Uint8Array {
  let level = nodes;
  while (level.length > 1) level = nextLevel(level);
  const [root] = level;
  if (root === undefined) throw new RangeError('A tree without leaves has no root');
  return root;
}

/** The siblings from the node at `index` up to the root over `nodes`; RFC 6962 §2.1.1. */
export function pathIn(nodes: readonly Uint8Array[], index: number): Uint8Array[] {
  const path: Uint8Array[] = [];
  let at = index;
  for (let level = nodes; level.length > 1; level = nextLevel(level)) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) path.push(sibling);
    at >>= 1;
  }
  return path;
}

export interface Inclusion {
  /** Of the value, counted from 0. */
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/**
 * The root that the value has if the path is right (RFC 9162 §2.1.3.2); undefined when the path has another
 * length than such a tree gives. Whoever asks compares it with the root that was stamped.
 */
export function rootFromPath(digest: Uint8Array, { index, size, path }: Inclusion): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    return undefined;
  let node = hashLeaf(digest);
  let at = index;
  let last = size - 1;
  let used = 0;
  for (; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
    const isLeft = at % 2 === 0;
    if (isLeft && at === last) continue; // moved up as it is
    const sibling = path[used];
    if (sibling === undefined || sibling.length !== digestLength) return undefined;
    node = isLeft ? hashNode(node, sibling) : hashNode(sibling, node);
    used += 1;
  }
  return used === path.length ? node : undefined;
}

/** The nodes that stand one after the other in `bytes`. */
export function splitNodes(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / digestLength }, (_, index) =>
    bytes.subarray(index * digestLength, (index + 1) * digestLength),
  );
}

function nextLevel(level: readonly Uint8Array[]): Uint8Array[] {
  const next: Uint8Array[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const left = level[at];
    const right = level[at + 1];
    if (left !== undefined) next.push(right === undefined ? left : hashNode(left, right));
  }
  return next;
}
