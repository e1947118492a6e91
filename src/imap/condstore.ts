/** Conditional STORE and quick resynchronization (RFC 7162): what is common to several commands. */
import { tellHighestModseq } from './announce.ts';
import type { Session } from './session.ts';

/**
 * The client showed that it understands modification sequences; from now on it gets them. With a folder
 * selected it is told once where the folder stands (RFC 7162 §3.1).
 */
export function becomeCondstoreAware(session: Session): void {
  if (session.has('CONDSTORE')) return;
  session.enable('CONDSTORE');
  if (session.state !== 'selected') return;
  tellHighestModseq(session);
}
