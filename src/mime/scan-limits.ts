/**
 * How much of a message the part scanner takes in. Beyond a limit it goes on counting lines and bytes but looks no
 * deeper: the part is marked truncated, and who must know the whole inside has to treat it as unknown.
 */
export interface ScanLimits {
  /** How deep parts and enclosed messages may lie in each other. */
  readonly depth: number;
  /** Parts in all, enclosed messages counted. */
  readonly parts: number;
  /** Header bytes kept of one part, and of all parts together. */
  readonly headerBytes: number;
  readonly totalHeaderBytes: number;
  /** Header fields kept of one part, and of all parts together. */
  readonly fields: number;
  readonly totalFields: number;
  /** Characters of a boundary; RFC 2046 §5.1.1 allows 70. At most 1000: longer lines are never boundaries. */
  readonly boundaryLength: number;
}

export const defaultScanLimits: ScanLimits = {
  depth: 100,
  parts: 10_000,
  headerBytes: 256 * 1024,
  totalHeaderBytes: 8 * 1024 * 1024,
  fields: 2_000,
  totalFields: 100_000,
  boundaryLength: 1_000,
};
