/**
 * The provider index in force: fetched from a source, verified, applied whole or not at all, with the last
 * good copy kept over restarts and each day's copy for ever (RFC 6109 §4.5, pec-wire §11). Nothing here
 * schedules: who calls `refresh`, when, and how old a copy may be, is decided outside.
 */
import type { Clock, Instant } from '../lib/time.ts';
import type { Trust, VerificationPolicy } from '../smime/trust.ts';
import { type DailyCopies, dayAt, type IndexCopy } from './daily-copies.ts';
import { IndexError } from './index-error.ts';
import { createIndex } from './index-from-records.ts';
import { parseIndex } from './index-ldif.ts';
import type { IndexSource } from './index-source.ts';
import type { ProviderIndex, ProviderIndexHistory } from './provider-index.ts';
import { openSignedLdif } from './signed-ldif.ts';

export interface RefreshingIndexOptions {
  readonly source: IndexSource;
  readonly copies: DailyCopies;
  readonly clock: Clock;
  /** Asked at each refresh, so that new revocation lists count. */
  readonly trust: () => Trust;
  /** For fetched copies; kept ones are judged at their time of signing. */
  readonly policy: VerificationPolicy;
  /** True to take LDIF without a signature: a file that the operator vouches for. */
  readonly acceptUnsigned?: boolean;
}

export type RefreshResult =
  | {
      readonly outcome: 'applied';
      readonly fetchedAt: Instant;
      readonly providers: number;
      readonly domains: number;
      readonly changed: boolean;
      readonly warnings: readonly string[];
    }
  /** The copy before stays in force; `fetchedAt` is its time, undefined when there is none. */
  | { readonly outcome: 'kept'; readonly reason: string; readonly fetchedAt: Instant | undefined };

export interface RefreshingIndex extends ProviderIndexHistory {
  /** The index in force; empty, with `fetchedAt` undefined, before the first good copy. */
  current(): ProviderIndex;
  /** Fetches, verifies, saves and applies. Never rejects; while one runs, a second call gets its result. */
  refresh(): Promise<RefreshResult>;
  /**
   * Takes a kept copy that is newer than the one in force: another process of the provider fetched it. True when
   * there was one. Never rejects.
   */
  adoptKept(): Promise<boolean>;
}

/** Starts from the newest kept copy that is good; the source is not asked yet. */
export async function openRefreshingIndex(options: RefreshingIndexOptions): Promise<RefreshingIndex> {
  let state = await loadNewest(options);
  let running: Promise<RefreshResult> | undefined;
  const history = new Map<string, State>();
  const refresh = async (): Promise<RefreshResult> => {
    try {
      const next = await fetchState(options, state);
      const changed = state.bytes === undefined || Buffer.compare(next.bytes, state.bytes) !== 0;
      state = next;
      history.delete(dayAt(next.fetchedAt));
      return { outcome: 'applied', changed, ...summarize(next) };
    } catch (error) {
      // A full disk is no reason to lose the index, so whatever went wrong the copy in force stays.
      return { outcome: 'kept', reason: describe(error), fetchedAt: state.index.fetchedAt };
    }
  };
  return {
    current: () => state.index,
    refresh: () => {
      running ??= refresh().finally(() => {
        running = undefined;
      });
      return running;
    },
    adoptKept: async () => {
      const newer = await loadNewerThan(options, state.index.fetchedAt ?? 0);
      if (newer === undefined || running !== undefined) return false;
      state = newer;
      history.clear();
      return true;
    },
    asOf: async (day) => {
      const found = (await options.copies.days()).find((each) => each <= day);
      if (found === undefined) return undefined;
      const known = history.get(found) ?? openCopy(options, await options.copies.load(found));
      remember(history, found, known);
      return known.index;
    },
  };
}

interface State {
  readonly index: ProviderIndex;
  readonly bytes: Uint8Array | undefined;
  readonly signingTime: Instant | undefined;
  readonly warnings: readonly string[];
}

type LoadedState = State & { readonly bytes: Uint8Array; readonly fetchedAt: Instant };

const nothing: State = { index: createIndex([]), bytes: undefined, signingTime: undefined, warnings: [] };

/** Days of history held parsed: an inquiry looks at a few. */
const rememberedDays = 8;

function remember(history: Map<string, State>, day: string, state: State): void {
  history.delete(day);
  history.set(day, state);
  const [oldest] = history.keys();
  if (history.size > rememberedDays && oldest !== undefined) history.delete(oldest);
}

async function fetchState(options: RefreshingIndexOptions, before: State): Promise<LoadedState> {
  const bytes = await options.source.fetch();
  const fetchedAt = options.clock();
  const state = openCopy(options, { bytes, fetchedAt, day: dayAt(fetchedAt) }, options.policy);
  // A good signature on an old file is how a thief of a revoked key would come back.
  if (isOlder(state, before)) throw new IndexError('the index is older than the copy in force');
  await options.copies.save(bytes, fetchedAt);
  return state;
}

function isOlder({ signingTime }: State, before: State): boolean {
  return signingTime !== undefined && before.signingTime !== undefined && signingTime < before.signingTime;
}

/** Kept copies were verified when they came; now only the signature itself must still hold. */
function openCopy(
  options: RefreshingIndexOptions,
  { bytes, fetchedAt }: IndexCopy,
  policy: VerificationPolicy = { ...options.policy, mode: 'archive', revocation: 'none' },
): LoadedState {
  const isSigned = bytes[0] === 0x30;
  if (!isSigned && options.acceptUnsigned !== true) throw new IndexError('the index is not signed');
  const opened = isSigned
    ? openSignedLdif(bytes, { trust: options.trust(), policy, now: fetchedAt })
    : { ldif: bytes, signingTime: undefined };
  const { providers, warnings } = parseIndex(opened.ldif);
  const index = createIndex(providers, fetchedAt);
  return { index, bytes, fetchedAt, signingTime: opened.signingTime, warnings };
}

/** A damaged copy is passed over: an index of yesterday is better than none. */
async function loadNewest(options: RefreshingIndexOptions): Promise<State> {
  for (const day of await options.copies.days()) {
    try {
      return openCopy(options, await options.copies.load(day));
    } catch (error) {
      if (!(error instanceof IndexError)) throw error;
    }
  }
  return nothing;
}

/** Undefined also when it cannot be read: the copy in force is good, and the next fetch brings another. */
async function loadNewerThan(
  options: RefreshingIndexOptions,
  fetchedAt: Instant,
): Promise<LoadedState | undefined> {
  try {
    const [day] = await options.copies.days();
    if (day === undefined || (await options.copies.fetchedAt(day)) <= fetchedAt) return undefined;
    return openCopy(options, await options.copies.load(day));
  } catch {
    return undefined;
  }
}

function summarize({ index, fetchedAt, warnings }: LoadedState) {
  const all = index.all();
  return {
    fetchedAt,
    providers: all.length,
    domains: all.reduce((sum, { managedDomains }) => sum + managedDomains.length, 0),
    warnings,
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
