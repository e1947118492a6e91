import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hex } from '../../../../src/lib/bytes.ts';
import {
  hashLeaf,
  hashNode,
  MerkleTree,
  pathIn,
  rootFromPath,
  rootOf,
  splitNodes,
  subtreeLeaves,
} from '../../../../src/message-log/seal/merkle.ts';

const sha256 = (...parts: readonly Uint8Array[]) => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const digestOf = (index: number) => sha256(Buffer.from(String(index)));
const digestsOf = (size: number) => Array.from({ length: size }, (_, index) => digestOf(index));

/** MTH as RFC 6962 §2.1 writes it down. */
function byTheBook(digests: readonly Uint8Array[]): Buffer {
  const [first = Buffer.alloc(0)] = digests;
  if (digests.length === 1) return sha256(Buffer.of(0), first);
  const half = 2 ** Math.ceil(Math.log2(digests.length) - 1);
  return sha256(Buffer.of(1), byTheBook(digests.slice(0, half)), byTheBook(digests.slice(half)));
}

/** PATH as RFC 6962 §2.1.1 writes it down. */
function pathByTheBook(index: number, digests: readonly Uint8Array[]): Uint8Array[] {
  if (digests.length === 1) return [];
  const half = 2 ** Math.ceil(Math.log2(digests.length) - 1);
  return index < half
    ? [...pathByTheBook(index, digests.slice(0, half)), byTheBook(digests.slice(half))]
    : [...pathByTheBook(index - half, digests.slice(half)), byTheBook(digests.slice(0, half))];
}

function build(digests: readonly Uint8Array[]) {
  const tree = new MerkleTree();
  for (const digest of digests) tree.add(digest);
  return tree.finish();
}

describe('Merkle tree', () => {
  it('has the root of RFC 6962 for every size, also around its subtrees', () => {
    const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 33, 1023, 1024, 1025, 2047, 2048, 2049, 3000, 5 * 1024 + 1];
    for (const size of sizes) {
      const tree = build(digestsOf(size));
      assert.equal(tree.size, size);
      assert.deepEqual(Buffer.from(tree.root), byTheBook(digestsOf(size)), `size ${size}`);
      assert.equal(tree.subtreeRoots.length, 32 * Math.ceil(size / subtreeLeaves));
    }
    assert.throws(() => build([]), RangeError);
  });

  it('gives the known roots of the test data of Certificate Transparency', () => {
    // RFC 6962 hashes the data itself; our leaves are over digests, so the nodes are what can be compared.
    assert.equal(
      hex(hashLeaf(Buffer.alloc(0))),
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    const leaves = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ];
    const nodes = leaves.map((data) => hashLeaf(Buffer.from(data, 'hex')));
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    for (const [index, root] of roots.entries()) assert.equal(hex(rootOf(nodes.slice(0, index + 1))), root);
  });

  it('has the paths of RFC 6962, and each leads to the root', () => {
    for (const size of [1, 2, 3, 5, 8, 13, 64, 100]) {
      const digests = digestsOf(size);
      const leaves = digests.map((digest) => hashLeaf(digest));
      for (let index = 0; index < size; index += 1) {
        const path = pathIn(leaves, index);
        assert.deepEqual(
          path.map((node) => Buffer.from(node)),
          pathByTheBook(index, digests),
          `${index} of ${size}`,
        );
        const root = rootFromPath(digestOf(index), { index, size, path });
        assert.deepEqual(Buffer.from(root ?? []), byTheBook(digests));
      }
    }
  });

  it('joins the path inside a subtree with the path over the subtrees', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4000 }), fc.nat(), (size, pick) => {
        const digests = digestsOf(size);
        const { root, subtreeRoots } = build(digests);
        const index = pick % size;
        const subtree = Math.floor(index / subtreeLeaves);
        const around = digests
          .slice(subtree * subtreeLeaves, (subtree + 1) * subtreeLeaves)
          .map((each) => hashLeaf(each));
        const path = [...pathIn(around, index % subtreeLeaves), ...pathIn(splitNodes(subtreeRoots), subtree)];
        assert.deepEqual(rootFromPath(digestOf(index), { index, size, path }), root);
      }),
      { numRuns: 15 },
    );
  });

  it('leads nowhere with another value, place, size, or a path that is longer, shorter or changed', () => {
    const size = 21;
    const leaves = digestsOf(size).map((digest) => hashLeaf(digest));
    const root = rootOf(leaves);
    const same = (found: Uint8Array | undefined) => found !== undefined && Buffer.compare(found, root) === 0;
    for (let index = 0; index < size; index += 1) {
      const path = pathIn(leaves, index);
      const digest = digestOf(index);
      assert.ok(same(rootFromPath(digest, { index, size, path })));
      assert.ok(!same(rootFromPath(digestOf(index + 1), { index, size, path })));
      for (let other = 0; other < size; other += 1)
        if (other !== index)
          assert.ok(!same(rootFromPath(digest, { index: other, size, path })), `${index} as ${other}`);
      assert.equal(rootFromPath(digest, { index, size, path: path.slice(1) }), undefined);
      assert.equal(rootFromPath(digest, { index, size, path: [...path, root] }), undefined);
      assert.ok(!same(rootFromPath(digest, { index, size, path: path.with(0, root) })));
    }
    for (const index of [-1, 21, 1.5, Number.NaN])
      assert.equal(rootFromPath(digestOf(0), { index, size, path: [] }), undefined);
  });

  it('takes no node for a leaf: a root cannot pass for an entry', () => {
    const [a, b] = [digestOf(0), digestOf(1)];
    const root = hashNode(hashLeaf(a), hashLeaf(b));
    assert.notDeepEqual(hashLeaf(Buffer.concat([hashLeaf(a), hashLeaf(b)])), root);
  });
});
