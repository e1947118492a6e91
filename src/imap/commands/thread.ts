/** THREAD and UID THREAD (RFC 5256). */
import { type Action, type PlainCommand, selected } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { withProgress } from '../progress.ts';
import { loadFacts } from '../search/load-facts.ts';
import { mentions, runSearch } from '../search/run-search.ts';
import {
  formatThreads,
  type Thread,
  type ThreadMessage,
  threadKinds,
  toThreadMessage,
} from '../search/thread.ts';
import { threadByReferences } from '../search/thread-references.ts';
import { threadBySubject } from '../search/thread-subject.ts';
import type { Arguments } from '../wire/arguments.ts';
import { readSearchKeys } from '../wire/search-keys.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

const algorithms: ReadonlyMap<string, (messages: readonly ThreadMessage[]) => Thread[]> = new Map([
  ['ORDEREDSUBJECT', threadBySubject],
  ['REFERENCES', threadByReferences],
]);

function readThread(args: Arguments, byUid: boolean): Action {
  args.space();
  const name = args.keyword();
  const algorithm = algorithms.get(name);
  if (algorithm === undefined) throw new SyntaxProblem(`There is no threading algorithm ${name}`);
  args.space();
  const charset = args.astring();
  args.space();
  const key = readSearchKeys(args, charset);
  args.end();
  return async (session, { tag }) => {
    if (mentions(key, 'modseq')) becomeCondstoreAware(session);
    const facts = await withProgress(session, tag, async (progress) => {
      const result = await runSearch(session, key, { keepRecords: true, progress });
      return loadFacts(session, result, { kinds: threadKinds, progress });
    });
    const threads = algorithm(facts.map(toThreadMessage));
    const nameOf = (uid: number) => (byUid ? uid : (session.view.sequenceOf(uid) as number));
    session.untagged(`THREAD ${formatThreads(threads, nameOf)}`.trimEnd());
    return undefined;
  };
}

export const threadCommand: PlainCommand = {
  name: 'THREAD',
  states: selected,
  announcing: 'no-expunge',
  read: (args) => readThread(args, false),
};

export const uidThread: PlainCommand = {
  name: 'UID THREAD',
  states: selected,
  announcing: 'all',
  read: (args) => readThread(args, true),
};
