/** LANG (RFC 6856 §3): the language of the answers' texts. */
import { anyState, type Command } from '../command.ts';
import { chooseLanguage, languages } from '../language.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import { readArguments } from '../wire/command-line.ts';

export const lang: Command = {
  name: 'LANG',
  states: anyState,
  read: (rest) => {
    const [range] = readArguments(rest, 0, 1);
    return async (session) => (range === undefined ? listAll(session) : choose(session, range));
  },
};

function listAll(session: Session): void {
  session.ok({ en: 'Languages follow', it: 'Seguono le lingue' });
  for (const { tag, name } of languages) session.line(`${tag} ${name}`);
  session.line('.');
}

/** The tag of the language in use comes first, also in a refusal (RFC 6856 §3.3). */
function choose(session: Session, range: string): void {
  const language = chooseLanguage(range);
  if (language === undefined) {
    throw new Refusal(undefined, {
      en: `en There is no language ${range}; send LANG alone for a list`,
      it: `it La lingua ${range} non esiste; inviare LANG da solo per la lista`,
    });
  }
  session.language = language;
  session.ok({ en: 'en Answers are in English now', it: 'it Le risposte ora sono in italiano' });
}
