/**
 * One client's session: its state by RFC 3501 §3, what it enabled, the folder it selected. Commands work on
 * this; the connection underneath is seen only through {@link Link}.
 */

import type { ProvedBy } from '../edge/credential.ts';
import type { DeskAccounts, LoginDesk } from '../edge/login-desk.ts';
import type { Output } from '../edge/output.ts';
import type { Clock } from '../lib/time.ts';
import type { MailStore } from '../mailbox/mail-store.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';
import type { ImapLimits } from './limits.ts';
import type { ConnectionFacts, ImapLog } from './log.ts';
import type { Ranges } from './number-ranges.ts';
import { Refusal } from './refusal.ts';
import { requireRight } from './rights.ts';
import type { FolderView } from './view.ts';
import { formatAstring, formatNstring, formatString, formatText } from './wire/format.ts';
import { wireMailboxName } from './wire/mailbox-name.ts';
import type { SelectedEvents } from './wire/notify-request.ts';

export type SessionState = 'not-authenticated' | 'authenticated' | 'selected' | 'logged-out';

/** What ENABLE can switch on (RFC 5161), in the spelling of the capability. */
export type Extension = 'CONDSTORE' | 'QRESYNC' | 'IMAP4rev2' | 'UTF8=ACCEPT' | 'UIDONLY' | 'METADATA';

/** Who is logged in; a part of what the accounts room gives. */
export interface ImapLogin extends ProvedBy {
  readonly loginId: number;
  readonly name: string;
  readonly mailboxId: number;
  /** Of its mailbox. */
  readonly address: string;
  readonly rights: { readonly read: boolean; readonly write: boolean; readonly manage: boolean };
  /** Capabilities not to be offered to this login, for clients that trip on them. */
  readonly withoutCapabilities?: readonly string[];
}

export interface ImapAccounts extends DeskAccounts<ImapLogin> {
  /** Calls `end` once when the login or its password is taken back; returns how to stop. */
  watchLogin?(login: ImapLogin, end: () => void): () => void;
}

/** Told with the news of the selected folder, in its place among them. */
export interface NewsWatch {
  /** Before removed messages are announced: their UIDs with the sequence numbers they still have. */
  beforeRemoval(removed: ReadonlyMap<number, number>): void;
  /** After everything else: new messages, and those whose flags may have changed. */
  afterChange(added: Ranges, touched: ReadonlySet<number>): Promise<void>;
}

/** News the client asked for with NOTIFY (RFC 5465). */
export interface Notifications {
  /** Events of the selected folder; undefined: none are wanted. */
  readonly selected: SelectedEvents | undefined;
  /** Called when there may be something to tell of other folders. */
  onNotice: (() => void) | undefined;
  /** After new messages of the selected folder were counted to the client. */
  tellArrivals(uids: Ranges): Promise<void>;
  /** Tells all there is to tell of other folders. */
  tellOthers(): Promise<void>;
  /** Other folders are told of at the end of commands and in IDLE, not in between. */
  readonly withCommands: boolean;
  /** Notes messages that this session put into a folder, or took out of it. */
  noteMessages(folderId: number, uids: readonly number[]): void;
  close(): void;
}

/** What a session may ask of its connection. */
export interface Link {
  readonly facts: ConnectionFacts;
  readonly secure: boolean;
  readonly compressed: boolean;
  /** Sends a continuation request; `text` is a byte string. */
  invite(text: string): Promise<void>;
  /** The next raw line of the client, for SASL and IDLE. @throws {SyntaxProblem} {@link InputEnded} */
  line(): Promise<string>;
  startTls(): Promise<void>;
  compress(): Promise<void>;
  /** Counts the mailbox's connections; false when it has too many. */
  claimMailbox(mailboxId: number): boolean;
  /** What a login can be bound to; undefined without TLS. */
  readonly channel: ChannelBindings | undefined;
  /** Ends the session when the login is taken back. */
  watchLogin(login: ImapLogin): void;
  /** Waits so many milliseconds before a failed login is answered. @throws {Farewell} after too many. */
  punish(delayMs: number): Promise<void>;
}

/** A folder's name: the byte string of the client, and what it means. */
export interface NamedFolder {
  readonly supplied: string;
  readonly name: string;
}

export interface SessionParts {
  readonly store: MailStore;
  readonly desk: LoginDesk<ImapLogin>;
  readonly out: Output;
  readonly link: Link;
  readonly limits: ImapLimits;
  readonly log: ImapLog;
  readonly clock: Clock;
}

export class Session {
  readonly store: MailStore;
  readonly desk: LoginDesk<ImapLogin>;
  readonly out: Output;
  readonly link: Link;
  readonly limits: ImapLimits;
  readonly log: ImapLog;
  readonly clock: Clock;
  readonly #enabled = new Set<Extension>();
  #login: ImapLogin | undefined;
  #view: FolderView | undefined;
  #loggedOut = false;
  #unwatch: (() => void) | undefined;
  #dirty = false;
  #rightsChanged = false;
  /** Called at each change of the selected folder; set while idling. */
  onChange: (() => void) | undefined;
  /** Searches that are kept up to date (RFC 5267); goes with the selected folder. */
  contexts: NewsWatch | undefined;
  /** What this session did itself and knows: names of folders, or folder and annotation. */
  readonly #own = new Set<string>();
  #notifications: Notifications | undefined;
  #named: NamedFolder[] = [];
  /** The result `$` stands for (RFC 5182), UIDs. */
  savedSearch: Ranges = [];

  constructor(parts: SessionParts) {
    this.store = parts.store;
    this.desk = parts.desk;
    this.out = parts.out;
    this.link = parts.link;
    this.limits = parts.limits;
    this.log = parts.log;
    this.clock = parts.clock;
  }

  get state(): SessionState {
    if (this.#loggedOut) return 'logged-out';
    if (this.#view !== undefined) return 'selected';
    return this.#login === undefined ? 'not-authenticated' : 'authenticated';
  }

  /** The login, or undefined before one. */
  get user(): ImapLogin | undefined {
    return this.#login;
  }

  /** The login. @throws {Refusal} never in a state that has one. */
  get login(): ImapLogin {
    if (this.#login === undefined) throw new Refusal(undefined, 'Log in first');
    return this.#login;
  }

  /** The selected folder. @throws {Refusal} never in the selected state. */
  get view(): FolderView {
    if (this.#view === undefined) throw new Refusal(undefined, 'Select a folder first');
    return this.#view;
  }

  /**
   * The selected folder, if it is open for changes and each of the rights was there when it was opened.
   * @throws {Refusal} NOPERM
   */
  requireWritableView(rights = ''): FolderView {
    if (this.view.readOnly) throw new Refusal('NOPERM', 'The folder is open read-only; use SELECT');
    for (const right of rights) requireRight(this.view.folder, right);
    return this.view;
  }

  authenticated(login: ImapLogin): void {
    this.#login = login;
  }

  /** Undefined until the client uses NOTIFY. */
  get notifications(): Notifications | undefined {
    return this.#notifications;
  }

  watchBy(notifications: Notifications): void {
    this.#notifications?.close();
    this.#notifications = notifications;
    this.#own.clear();
  }

  /** Notes what this session is about to do, so that it is no news to it. */
  noteOwn(...things: readonly string[]): void {
    if (this.#notifications === undefined) return;
    // What brings no notice would be kept for ever.
    if (this.#own.size > 1000) this.#own.clear();
    for (const thing of things) this.#own.add(thing);
  }

  /** The same of messages. */
  noteOwnMessages(folderId: number, uids: readonly number[]): void {
    this.#notifications?.noteMessages(folderId, uids);
  }

  /** Folders that the command under way names, as far as the client wants to hear of other forms of names (RFC 9051). */
  get named(): readonly NamedFolder[] {
    return this.#named;
  }

  noteNamed(folder: NamedFolder): void {
    if (this.#enabled.has('IMAP4rev2')) this.#named.push(folder);
  }

  forgetNamed(): void {
    this.#named = [];
  }

  /** True, once, for what was noted. */
  forgetOwn(thing: string): boolean {
    return this.#own.delete(thing);
  }

  logOut(): void {
    this.closeView();
    this.#notifications?.close();
    this.#loggedOut = true;
  }

  openView(view: FolderView): void {
    this.closeView();
    this.#view = view;
    this.#unwatch = this.store.watch(view.folder.mailboxId, (notice) => {
      if (notice.folderId !== undefined && notice.folderId !== view.folder.id) return;
      if (notice.annotation !== undefined) return;
      if (notice.folderId === undefined) this.#rightsChanged = true;
      this.#dirty = true;
      this.onChange?.();
    });
    // What changed since the folder was looked at, nobody said.
    this.#dirty = true;
  }

  /** Ends the selected state, if it is on. */
  closeView(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#view = undefined;
    this.#dirty = false;
    this.savedSearch = [];
    this.contexts = undefined;
  }

  /** True when the folder changed since this was asked last. */
  takeDirty(): boolean {
    const dirty = this.#dirty;
    this.#dirty = false;
    return dirty;
  }

  /** True when rights to the selected folder, or its name, may have changed since this was asked last. */
  takeRightsChanged(): boolean {
    const changed = this.#rightsChanged;
    this.#rightsChanged = false;
    return changed;
  }

  /** Also what implies it: QRESYNC includes CONDSTORE (RFC 7162 §3.2.3). */
  has(extension: Extension): boolean {
    return this.#enabled.has(extension) || (extension === 'CONDSTORE' && this.#enabled.has('QRESYNC'));
  }

  /** Removed messages are told by VANISHED with UIDs (RFC 7162 §3.2.10, RFC 9586 §3.4). */
  get tellsVanished(): boolean {
    return this.#enabled.has('QRESYNC') || this.#enabled.has('UIDONLY');
  }

  enable(extension: Extension): void {
    this.#enabled.add(extension);
  }

  /** UTF-8 in mailbox names, quoted strings and texts. */
  get utf8(): boolean {
    return this.#enabled.has('IMAP4rev2') || this.#enabled.has('UTF8=ACCEPT');
  }

  /** A mailbox name as an astring for this client. */
  formatMailbox(name: string): string {
    const bytes = wireMailboxName(name, this.utf8);
    return this.utf8 ? formatString(bytes, true) : formatAstring(bytes);
  }

  formatNstring(bytes: string | undefined): string {
    return formatNstring(bytes, this.utf8);
  }

  /** Sends `* text`; a byte string. */
  untagged(text: string): void {
    this.out.line(`* ${text}`);
  }

  /** Sends a status line; `tag` may be `*`. */
  status(tag: string, status: 'OK' | 'NO' | 'BAD' | 'BYE', { code, text }: StatusText): void {
    const brackets = code === undefined ? '' : `[${code}] `;
    this.out.line(`${tag} ${status} ${brackets}${formatText(text, this.utf8)}`);
  }
}

export interface StatusText {
  /** Response code with its arguments, without brackets. */
  readonly code?: string | undefined;
  readonly text: string;
}
