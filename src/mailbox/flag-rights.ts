/** Flags of messages under limited rights (RFC 4314 §4): what may not be changed stays, or is left out. */
import { deletedBit, type FlagSet, seenBit } from './flags.ts';
import type { FlagRights } from './mail-store.ts';

/** The flags a new message keeps. */
export function keepFlags(flags: FlagSet, may: FlagRights | undefined): FlagSet {
  return mergeFlags({ bits: 0, keywords: [] }, flags, may);
}

/** `changed` where it may be changed, else `current`. */
export function mergeFlags(current: FlagSet, changed: FlagSet, may: FlagRights | undefined): FlagSet {
  if (may === undefined) return changed;
  const mask = maskOf(may);
  return {
    bits: (changed.bits & mask) | (current.bits & ~mask),
    keywords: may.others ? changed.keywords : current.keywords,
  };
}

function maskOf({ seen, deleted, others }: FlagRights): number {
  const rest = others ? ~(seenBit | deletedBit) : 0;
  return rest | (seen ? seenBit : 0) | (deleted ? deletedBit : 0);
}
