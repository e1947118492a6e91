/** All commands, by name. A new command is a file and a line here. */
import type { Command } from '../command.ts';
import { deleteacl, getacl, listrights, myrights, setacl } from './acl.ts';
import { append } from './append.ts';
import { authenticate } from './authenticate.ts';
import { cancelupdate } from './cancelupdate.ts';
import { capability } from './capability.ts';
import { close, unselect } from './close.ts';
import { compress } from './compress.ts';
import { copyCommand, moveCommand, uidCopy, uidMove } from './copy.ts';
import { create } from './create.ts';
import { deleteCommand } from './delete.ts';
import { enable } from './enable.ts';
import { esearch } from './esearch.ts';
import { expungeCommand, uidExpunge } from './expunge.ts';
import { fetchCommand, uidFetch } from './fetch.ts';
import { id } from './id.ts';
import { idleCommand } from './idle.ts';
import { listCommand } from './list.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { lsubCommand } from './lsub.ts';
import { getmetadata, setmetadata } from './metadata.ts';
import { namespace } from './namespace.ts';
import { check, noop } from './noop.ts';
import { notify } from './notify.ts';
import { getquota, getquotaroot } from './quota.ts';
import { rename } from './rename.ts';
import { replaceCommand, uidReplace } from './replace.ts';
import { searchCommand, uidSearch } from './search.ts';
import { examine, selectCommand } from './select.ts';
import { sortCommand, uidSort } from './sort.ts';
import { starttls } from './starttls.ts';
import { status } from './status.ts';
import { storeCommand, uidStore } from './store.ts';
import { subscribe, unsubscribe } from './subscribe.ts';
import { threadCommand, uidThread } from './thread.ts';

const all: readonly Command[] = [
  // Any state
  capability,
  id,
  logout,
  noop,
  // Not authenticated
  authenticate,
  login,
  starttls,
  // Authenticated
  append,
  compress,
  create,
  deleteCommand,
  deleteacl,
  enable,
  esearch,
  examine,
  getacl,
  getmetadata,
  getquota,
  getquotaroot,
  idleCommand,
  listCommand,
  listrights,
  lsubCommand,
  myrights,
  namespace,
  notify,
  rename,
  selectCommand,
  setacl,
  setmetadata,
  status,
  subscribe,
  unsubscribe,
  // Selected
  cancelupdate,
  check,
  close,
  copyCommand,
  expungeCommand,
  fetchCommand,
  moveCommand,
  replaceCommand,
  searchCommand,
  sortCommand,
  storeCommand,
  threadCommand,
  uidCopy,
  uidExpunge,
  uidFetch,
  uidMove,
  uidReplace,
  uidSearch,
  uidSort,
  uidStore,
  uidThread,
  unselect,
];

const byName: ReadonlyMap<string, Command> = new Map(all.map((command) => [command.name, command]));

/** @param name in upper case, `UID FETCH` for the UID form */
export function findCommand(name: string): Command | undefined {
  return byName.get(name);
}
