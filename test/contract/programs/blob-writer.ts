/** Another process that puts blobs of 150,000 bytes for ever and tells the name of each. */
import { openFsBlobStore } from '../../../src/blob/fs.ts';
import { inChunks, makeBytes } from '../blob-store-suite.ts';

const store = await openFsBlobStore({ folder: process.argv[2] ?? '' });
while (true) {
  const { blob } = await store.put(inChunks(makeBytes(150_000), 10_000));
  console.log(blob);
}
