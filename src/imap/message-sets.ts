/** Message sets of a command, made into the UIDs they name in the selected folder. */
import { intersect, type Ranges } from './number-ranges.ts';
import type { Session } from './session.ts';
import type { SequenceSet } from './wire/sequence-set.ts';

/**
 * @param byUid the set holds UIDs, not sequence numbers; for `$` it makes no difference (RFC 5182 §2.1)
 * @throws {SyntaxProblem} for sequence numbers that do not exist
 */
export function resolveSet(
  session: Pick<Session, 'view' | 'savedSearch'>,
  set: SequenceSet,
  byUid: boolean,
): Ranges {
  if (set.kind === 'saved') return intersect(session.savedSearch, session.view.uids);
  return session.view.resolve(set, byUid);
}

/** The set as this command's answers name messages: UIDs, or sequence numbers. */
export function namesOf(session: Session, uids: Ranges, byUid: boolean): Ranges {
  return byUid ? uids : session.view.sequencesOf(uids);
}
