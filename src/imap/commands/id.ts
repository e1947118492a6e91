/** ID (RFC 2971): who is there. What the client says of itself is read and forgotten. */
import { anyState, type PlainCommand } from '../command.ts';
import type { Arguments } from '../wire/arguments.ts';
import { formatList, formatString } from '../wire/format.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

const facts = { name: 'OpenPEC', vendor: 'OpenPEC' };
const mostPairs = 30;

function readFacts(args: Arguments): void {
  if (args.tryText('NIL')) return;
  const values = args.list(() => args.nstring());
  if (values.length % 2 !== 0) throw new SyntaxProblem('ID wants pairs of name and value');
  if (values.length > mostPairs * 2) throw new SyntaxProblem(`ID takes at most ${mostPairs} pairs`);
}

export const id: PlainCommand = {
  name: 'ID',
  states: anyState,
  announcing: 'all',
  read: (args) => {
    args.space();
    readFacts(args);
    args.end();
    return async (session) => {
      session.untagged(
        `ID ${formatList(
          Object.entries(facts)
            .flat()
            .map((text) => formatString(text)),
        )}`,
      );
      return undefined;
    };
  },
};
