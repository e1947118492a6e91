/** All commands, by keyword. A new command is a file and a line here. APOP is not among them: it needs passwords in clear. */
import type { Command } from '../command.ts';
import { auth } from './auth.ts';
import { capa } from './capa.ts';
import { dele, rset } from './dele.ts';
import { lang } from './lang.ts';
import { list, uidl } from './list.ts';
import { noop } from './noop.ts';
import { quit } from './quit.ts';
import { retr, top } from './retr.ts';
import { stat } from './stat.ts';
import { stls } from './stls.ts';
import { pass, user } from './user.ts';
import { utf8 } from './utf8.ts';

const all: readonly Command[] = [
  // Any state
  capa,
  lang,
  quit,
  // Authorization
  auth,
  pass,
  stls,
  user,
  utf8,
  // Transaction
  dele,
  list,
  noop,
  retr,
  rset,
  stat,
  top,
  uidl,
];

const byName: ReadonlyMap<string, Command> = new Map(all.map((command) => [command.name, command]));

/** @param keyword in upper case */
export function findCommand(keyword: string): Command | undefined {
  return byName.get(keyword);
}
