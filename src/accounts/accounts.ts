/** The accounts as the edges and the command line use them: each call one transaction. */
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import type { ScramKeys } from '../sasl/scram.ts';
import type { ApplicationPassword, NewApplicationPassword } from './application-passwords.ts';
import * as applicationPasswords from './application-passwords.ts';
import { type Authenticate, createAuthenticate } from './authenticate.ts';
import type { Domain, DomainSettings } from './domains.ts';
import * as domains from './domains.ts';
import { LastUses } from './last-uses.ts';
import * as logins from './logins.ts';
import { allRights, type Login, type LoginEntry, type LoginSettings, type Rights } from './logins.ts';
import type { Mailbox, MailboxFilter, MailboxSettings, NewMailbox } from './mailboxes.ts';
import * as mailboxes from './mailboxes.ts';
import { OpenSessions } from './open-sessions.ts';
import { checkNewPassword, createPasswordHasher, type PasswordHasher } from './password.ts';
import { renewLogin } from './proven-login.ts';
import {
  createOfferKeys,
  createScramKeeper,
  type OfferKeys,
  replaceKeys,
  type ScramKeeper,
} from './scram-keys.ts';

export interface AccountsParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly hasher?: PasswordHasher;
  /** How long a verified password is remembered, milliseconds; 5 minutes unless told. */
  readonly rememberMs?: number;
  /** Of the keys that SCRAM needs; none are kept, and SCRAM is not offered, when left out. */
  readonly scramIterations?: number;
}

/**
 * All methods throw {@link MailError}: `permanent` when the wish cannot be met, with a text that says what to
 * do; `temporary` when the store cannot answer now. Addresses and names are compared without case.
 */
export interface Accounts {
  addDomain(name: string): Promise<Domain>;
  findDomain(name: string): Promise<Domain | undefined>;
  listDomains(): Promise<readonly Domain[]>;
  setDomain(name: string, settings: DomainSettings): Promise<Domain>;

  /** Makes the mailbox and its first login, named by the address, with all rights. */
  addMailbox(mailbox: NewMailbox & { readonly password: string }): Promise<Mailbox>;
  findMailbox(address: string): Promise<Mailbox | undefined>;
  listMailboxes(filter?: MailboxFilter): Promise<readonly Mailbox[]>;
  setMailbox(address: string, settings: MailboxSettings): Promise<Mailbox>;
  /** The mailbox's own address first, then those added. */
  listSenders(address: string): Promise<readonly string[]>;
  /** Its logins go at once, its messages later; its address and the message log stay known. */
  removeMailbox(address: string): Promise<Mailbox>;

  /** `login`: the mailbox's address, or the name of one of its other logins. */
  setPassword(login: string, password: string): Promise<void>;
  addLogin(
    address: string,
    login: { readonly name: string; readonly password: string; readonly rights?: Rights },
  ): Promise<void>;
  listLogins(address: string): Promise<readonly LoginEntry[]>;
  findLogin(name: string): Promise<LoginEntry>;
  setLogin(name: string, settings: LoginSettings): Promise<LoginEntry>;
  /** Never the one that is named by the address. */
  removeLogin(name: string): Promise<void>;

  /** The secret is told this one time. */
  addApplicationPassword(wanted: NewApplicationPassword): Promise<{
    readonly id: number;
    readonly secret: string;
  }>;
  listApplicationPasswords(loginId: number): Promise<readonly ApplicationPassword[]>;
  revokeApplicationPassword(loginId: number, id: number): Promise<void>;

  /** Undefined when name and password do not prove a login; why is not told. */
  authenticate: Authenticate;
  /** For SCRAM; undefined where no keys are kept. */
  readonly offerKeys: OfferKeys | undefined;
  /** The login as it is now: for sessions that outlast a change. Undefined when the session must end. */
  renew(login: Pick<Login, 'loginId' | 'credential'>): Promise<Login | undefined>;
  /**
   * Calls `end` once when what the login proved itself with is taken back, or its rights to the mailbox change:
   * revocation reaches open sessions. Returns how to stop.
   */
  watchLogin(login: Login, end: () => void): () => void;
  /** Writes what is kept in memory for later: last uses. */
  close(): Promise<void>;
}

export function createAccounts(parts: AccountsParts): Accounts {
  const { db, clock } = parts;
  const hasher = parts.hasher ?? createPasswordHasher();
  const { scramIterations: iterations } = parts;
  const keeper = iterations === undefined ? undefined : createScramKeeper(db, iterations);
  const prepareNew = async (name: string, password: string): Promise<NewPassword> => {
    checkNewPassword(password);
    const keys = keeper?.derive(name.trim(), password);
    return { hash: await hasher.hash(password), keys: await keys };
  };
  const lastUses = new LastUses(db);
  const sessions = new OpenSessions(db, clock);
  return {
    ...createDomainMethods(db, clock),
    ...createMailboxMethods(db, clock, prepareNew),
    ...createLoginMethods(db, clock, prepareNew),
    ...createApplicationPasswordMethods(db, clock, keeper),
    authenticate: createAuthenticate({ ...parts, hasher, lastUses, keeper }),
    offerKeys: keeper === undefined ? undefined : createOfferKeys({ db, clock, lastUses, keeper }),
    renew: (login) => db.read((tx) => renewLogin(tx, login, clock())),
    watchLogin: (login, end) => sessions.watch(login, end),
    close: () => lastUses.write(),
  };
}

/** What is stored of a password. */
interface NewPassword {
  /** PHC string. */
  readonly hash: string;
  readonly keys: ScramKeys | undefined;
}

/** @param name of the login it is for */
type PrepareNew = (name: string, password: string) => Promise<NewPassword>;

function createDomainMethods(db: Database, clock: Clock) {
  return {
    addDomain: (name: string) => db.transact((tx) => domains.addDomain(tx, name, clock())),
    findDomain: (name: string) => db.read((tx) => domains.findDomain(tx, name)),
    listDomains: () => db.read(domains.listDomains),
    setDomain: (name: string, settings: DomainSettings) =>
      db.transact((tx) => domains.setDomain(tx, name, settings, clock())),
  };
}

function createMailboxMethods(db: Database, clock: Clock, prepareNew: PrepareNew) {
  return {
    addMailbox: async (wanted: NewMailbox & { readonly password: string }) => {
      const { hash: passwordHash, keys } = await prepareNew(wanted.address, wanted.password);
      return db.transact(async (tx) => {
        const at = clock();
        const mailbox = await mailboxes.insertMailbox(tx, wanted, at);
        await logins.insertLogin(tx, mailbox, { name: mailbox.address, passwordHash, rights: allRights }, at);
        await replaceKeys(tx, mailbox.address, keys);
        return mailbox;
      });
    },
    findMailbox: (address: string) => db.read((tx) => mailboxes.findMailbox(tx, address)),
    listMailboxes: (filter: MailboxFilter = {}) => db.read((tx) => mailboxes.listMailboxes(tx, filter)),
    setMailbox: (address: string, settings: MailboxSettings) =>
      db.transact((tx) => mailboxes.updateMailbox(tx, address, settings, clock())),
    listSenders: (address: string) =>
      db.read(async (tx) => mailboxes.listSenders(tx, await mailboxes.requireMailbox(tx, address))),
    removeMailbox: (address: string) => db.transact((tx) => mailboxes.markRemoved(tx, address, clock())),
  };
}

function createLoginMethods(db: Database, clock: Clock, prepareNew: PrepareNew) {
  return {
    setPassword: async (login: string, password: string) => {
      const { hash, keys } = await prepareNew(login, password);
      await db.transact(async (tx) => {
        await logins.changePassword(tx, login, hash, clock());
        await replaceKeys(tx, login, keys);
      });
    },
    addLogin: async (
      address: string,
      { name, password, rights }: { name: string; password: string; rights?: Rights },
    ) => {
      const { hash: passwordHash, keys } = await prepareNew(name, password);
      await db.transact(async (tx) => {
        const mailbox = await mailboxes.requireMailbox(tx, address);
        await logins.insertLogin(tx, mailbox, { name, passwordHash, rights: rights ?? allRights }, clock());
        await replaceKeys(tx, name.trim(), keys);
      });
    },
    listLogins: (address: string) =>
      db.read(async (tx) => logins.listLogins(tx, await mailboxes.requireMailbox(tx, address))),
    findLogin: (name: string) => db.read((tx) => logins.requireLogin(tx, name)),
    setLogin: (name: string, settings: LoginSettings) =>
      db.transact((tx) => logins.updateLogin(tx, name, settings, clock())),
    removeLogin: (login: string) => db.transact((tx) => logins.deleteLogin(tx, login)),
  };
}

function createApplicationPasswordMethods(db: Database, clock: Clock, keeper: ScramKeeper | undefined) {
  return {
    addApplicationPassword: async (wanted: NewApplicationPassword) => {
      const name = await db.read((tx) => logins.requireLoginName(tx, wanted.loginId));
      const secret = applicationPasswords.drawSecret();
      const drawn = { secret, keys: await keeper?.derive(name, secret) };
      return db.transact((tx) => applicationPasswords.addApplicationPassword(tx, wanted, drawn, clock()));
    },
    listApplicationPasswords: (loginId: number) =>
      db.read((tx) => applicationPasswords.listApplicationPasswords(tx, loginId)),
    revokeApplicationPassword: (loginId: number, id: number) =>
      db.transact((tx) => applicationPasswords.revokeApplicationPassword(tx, { loginId, id }, clock())),
  };
}
