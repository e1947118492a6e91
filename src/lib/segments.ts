/**
 * A stored or composed message is a list of segments: bytes kept inline, or a range of a blob.
 * An envelope around a 30 MB original is head + range + tail and costs no second 30 MB.
 * Everything here is arithmetic on such lists; no function reads a blob.
 */

/** `length` bytes of the blob named `blob`, from byte `offset`. */
export interface BlobRange {
  readonly blob: string;
  readonly offset: number;
  readonly length: number;
}

export type Segment = Uint8Array | BlobRange;
export type Segments = readonly Segment[];

/** True if the segment's bytes stand in the list itself. */
export function isInline(segment: Segment): segment is Uint8Array {
  return segment instanceof Uint8Array;
}

/** The number of bytes the whole list stands for. */
export function sizeOf(segments: Segments): number {
  let size = 0;
  for (const segment of segments) size += segment.length;
  return size;
}

/**
 * The bytes from `start` (inclusive) to `end` (exclusive) as segments of their own.
 * Bounds outside the list are clamped, as `Uint8Array.subarray` does.
 */
export function sliceSegments(segments: Segments, start: number, end: number): Segments {
  const cut: Segment[] = [];
  let position = 0;
  for (const segment of segments) {
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, segment.length);
    position += segment.length;
    if (from >= to) continue;
    cut.push(
      isInline(segment)
        ? segment.subarray(from, to)
        : { blob: segment.blob, offset: segment.offset + from, length: to - from },
    );
  }
  return cut;
}

/** Neighbouring inline segments joined, empty ones dropped: the shortest list for the same bytes. */
export function joinSegments(segments: Segments): Segments {
  return joinRuns(segments, (run) => (run.length === 1 ? (run[0] as Uint8Array) : Buffer.concat(run)));
}

/**
 * Like {@link joinSegments}, each run of inline bytes in memory of its own, which is added to `transfer`: a list that can go
 * to another thread without a further copy.
 */
export function joinForTransfer(segments: Segments, transfer: ArrayBuffer[]): Segments {
  return joinRuns(segments, (run) => {
    const memory = new ArrayBuffer(sizeOf(run));
    const bytes = new Uint8Array(memory);
    let at = 0;
    for (const piece of run) {
      bytes.set(piece, at);
      at += piece.length;
    }
    transfer.push(memory);
    return bytes;
  });
}

function joinRuns(segments: Segments, join: (run: readonly Uint8Array[]) => Uint8Array): Segments {
  const joined: Segment[] = [];
  let run: Uint8Array[] = [];
  const flush = () => {
    if (run.length > 0) joined.push(join(run));
    run = [];
  };
  for (const segment of segments) {
    if (segment.length === 0) continue;
    if (isInline(segment)) run.push(segment);
    else {
      flush();
      joined.push(segment);
    }
  }
  flush();
  return joined;
}

/** The names of the blobs the list points to, each once. */
export function blobsOf(segments: Segments): readonly string[] {
  return [...new Set(segments.flatMap((segment) => (isInline(segment) ? [] : [segment.blob])))];
}
