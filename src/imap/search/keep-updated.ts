/** The UPDATE of a searching command (RFC 5267 §4.3): checked before, kept after the search. */
import type { Session } from '../session.ts';
import { formatString } from '../wire/format.ts';
import type { ReturnOptions } from '../wire/return-options.ts';
import type { SearchKey } from '../wire/search-keys.ts';
import { SyntaxProblem } from '../wire/syntax.ts';
import { type ContextRequest, contextsOf } from './contexts.ts';
import { fixSets } from './run-search.ts';
import type { SortKey, SortRow } from './sort.ts';

export interface UpdatingCall {
  readonly tag: string;
  readonly byUid: boolean;
  readonly key: SearchKey;
  readonly sortKeys?: readonly SortKey[];
}

/** Undefined when no UPDATE was asked for. @throws {SyntaxProblem} for a tag in use (RFC 5267 §4.3) */
export function prepareUpdate(
  session: Session,
  call: UpdatingCall,
  options: ReturnOptions | undefined,
): ContextRequest | undefined {
  if (options?.update === undefined) return undefined;
  if (contextsOf(session).has(call.tag)) throw new SyntaxProblem('A search with this tag is kept up to date');
  const { items } = options.update;
  return { sortKeys: undefined, ...call, items, fixedSets: fixSets(session, call.key) };
}

/** After the answer; a refusal is told, and the search stands all the same (RFC 5267 §4.3.1). */
export function keepUpdated(
  session: Session,
  request: ContextRequest | undefined,
  uids: readonly number[],
  rows: readonly SortRow[] = [],
): void {
  if (request === undefined || contextsOf(session).add(request, uids, rows)) return;
  const code = `NOUPDATE ${formatString(request.tag)}`;
  session.status('*', 'NO', { code, text: 'Too much to keep up to date; cancel another' });
}
