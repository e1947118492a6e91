import type { ReadyText } from '../content/ready-texts.ts';
import type { Segments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import type { MessagePart } from '../mime/message-part.ts';
import type { Annotation, AnnotationChange, AnnotationSubject } from './annotations.ts';
import type { AclEntry, AclOperation, Viewer } from './rights.ts';

export type { ReadyText };

/**
 * What IMAP, POP3 and the web see of the mailboxes: folders, messages, flags, UIDs and modification
 * sequences. One implementation over rows and bytes; sessions never touch the tables.
 *
 * Here a *mailbox* (casella) is what a holder has; IMAP's "mailbox" is a *folder* of it.
 * Every change runs in one transaction and raises the folder's HIGHESTMODSEQ (RFC 7162); a removed message
 * leaves its UID and modseq behind, so that a session can be told later (QRESYNC, several sessions).
 * All lists are in ascending UID order.
 */
export interface Folder {
  readonly id: number;
  readonly mailboxId: number;
  /** Full path, `/` between levels, Unicode NFC; the inbox is `INBOX`. */
  readonly name: string;
  /** `\Sent`, `\Drafts`, `\Trash`, `\Junk`, `\Archive`, `\Flagged` (RFC 6154), or undefined. */
  readonly specialUse: string | undefined;
  readonly uidValidity: number;
  readonly subscribed: boolean;
  /** Opaque and never reused: MAILBOXID of RFC 8474. */
  readonly objectId: string;
}

/** A folder as one login sees it. */
export interface VisibleFolder extends Folder {
  /** Its name within the mailbox it belongs to; `name` is how this login names it. */
  readonly path: string;
  /** The address of the mailbox that shares it; undefined for folders of the login's own mailbox. */
  readonly owner: string | undefined;
  /** Letters of RFC 4314, in the order `lrswipkxtea`. */
  readonly rights: string;
}

/** Which flags may be changed; the others of a message stay as they are, those of a new one are left out. */
export interface FlagRights {
  readonly seen: boolean;
  readonly deleted: boolean;
  readonly others: boolean;
}

export interface FolderStatus {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly recent: number;
  /** Sum of the messages' sizes, bytes. */
  readonly size: number;
  readonly uidNext: number;
  readonly uidValidity: number;
  readonly highestModseq: number;
}

export interface MessageRecord {
  readonly uid: number;
  readonly modseq: number;
  /** System flags (`\Seen`) and keywords (`$Forwarded`) as first written; compared without case. */
  readonly flags: readonly string[];
  /** Bytes of the whole message: RFC822.SIZE. */
  readonly size: number;
  readonly internalDate: Instant;
  /** When it came into this folder (SAVEDATE, RFC 8514). */
  readonly savedAt: Instant;
  readonly contentId: number;
}

/** A message whose flags were set, as it is now. */
export interface MarkedRecord extends MessageRecord {
  /** What its modseq was before: whoever knows the message at that one knows what was changed. */
  readonly modseqBefore: number;
}

export interface FolderChanges {
  readonly highestModseq: number;
  readonly uidNext: number;
  /** New messages and messages whose flags changed since the given modseq. */
  readonly changed: readonly MessageRecord[];
  /** UIDs removed since then. */
  readonly vanished: readonly number[];
}

export interface FolderSnapshot {
  readonly status: FolderStatus;
  /** All UIDs. */
  readonly uids: UidRanges;
  readonly changes: FolderChanges | undefined;
}

/** A set of UIDs as inclusive ranges; `Infinity` as an upper bound means "to the end". */
export type UidRanges = readonly (readonly [first: number, last: number])[];

export interface FlagChange {
  readonly operation: 'add' | 'remove' | 'replace';
  readonly flags: readonly string[];
  /** Leave messages alone whose modseq is greater (UNCHANGEDSINCE, RFC 7162 §3.1.3). */
  readonly unchangedSince?: number;
  /** All flags unless told. */
  readonly may?: FlagRights;
}

export interface NewMessage {
  readonly content: Segments;
  readonly flags: readonly string[];
  readonly internalDate: Instant;
}

/** A message that takes the place of another (RFC 8508). */
export interface Replacement {
  readonly folderId: number;
  /** The message that goes. */
  readonly uid: number;
  readonly targetFolderId: number;
  readonly message: NewMessage;
}

export interface UidMapping {
  readonly uidValidity: number;
  /** Pairs of source and target UID, in ascending order of the source. */
  readonly pairs: readonly (readonly [from: number, to: number])[];
}

export interface QuotaUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly usedMessages: number;
}

/**
 * Something changed in a mailbox: in one folder, or (no folder) in its list of folders or anywhere in it, as when
 * another process wrote. Whoever hears it reads again.
 */
export interface ChangeNotice {
  readonly mailboxId: number;
  readonly folderId: number | undefined;
  /** Set when nothing but this annotation of the folder changed. */
  readonly annotation?: ChangedAnnotation;
}

export interface ChangedAnnotation {
  readonly entry: string;
  /** The login it is private to; undefined: shared. */
  readonly loginId: number | undefined;
}

/**
 * All methods that name a folder or mailbox that is gone throw {@link MailError} kind `permanent` with a
 * text for the user; `temporary` when the store cannot answer now.
 */
export interface MailStore {
  listFolders(mailboxId: number): Promise<readonly Folder[]>;
  findFolder(mailboxId: number, name: string): Promise<Folder | undefined>;
  /** Also creates missing parents. @throws {MailError} `permanent` when the name is taken or not allowed. */
  createFolder(mailboxId: number, name: string, specialUse?: string): Promise<Folder>;
  /** Renames the folder and all below it; renaming INBOX moves its messages (RFC 9051 §6.3.6). */
  renameFolder(mailboxId: number, from: string, to: string): Promise<void>;
  deleteFolder(mailboxId: number, name: string): Promise<void>;
  setSubscribed(mailboxId: number, name: string, subscribed: boolean): Promise<void>;
  listSubscriptions(mailboxId: number): Promise<readonly string[]>;

  /** The folder of that name and the login's rights to it, which may be none. */
  findVisible(viewer: Viewer, name: string): Promise<VisibleFolder | undefined>;
  findVisibleById(viewer: Viewer, folderId: number): Promise<VisibleFolder | undefined>;
  /** All folders the login may look up, its own mailbox's and shared ones. */
  listVisible(viewer: Viewer): Promise<readonly VisibleFolder[]>;
  /** The access control list; who manages the mailbox has all rights without standing in it. */
  acl(folderId: number): Promise<readonly AclEntry[]>;
  /** @throws {MailError} `permanent` when no login or mailbox goes by the identifier. */
  changeAcl(
    folderId: number,
    identifier: string,
    change: { readonly operation: AclOperation; readonly rights: string },
  ): Promise<void>;
  removeAcl(folderId: number, identifier: string): Promise<void>;

  /** All annotations that the login may see, by entry. */
  annotations(subject: AnnotationSubject): Promise<readonly Annotation[]>;
  /** All or none. @throws {MailError} `permanent` when there would be too many. */
  setAnnotations(subject: AnnotationSubject, changes: readonly AnnotationChange[]): Promise<void>;

  status(folderId: number): Promise<FolderStatus>;
  /** The folder at one moment, and with `since` what changed from that modseq to that moment. */
  snapshot(folderId: number, since?: number): Promise<FolderSnapshot>;
  /** All UIDs of the folder, ascending. */
  uids(folderId: number): Promise<readonly number[]>;
  messages(folderId: number, uids: UidRanges): Promise<readonly MessageRecord[]>;
  /** Says that most messages of the folder will be asked for in pieces: then they are read once. */
  keepRecords(folderId: number): Promise<void>;
  changesSince(folderId: number, modseq: number): Promise<FolderChanges>;
  /** Keywords ever used in the folder, in the spelling of their first use. */
  keywords(folderId: number): Promise<readonly string[]>;
  /**
   * The first UID that no session has yet been told of as \Recent; with `claim` they count as told.
   */
  firstRecent(folderId: number, claim: boolean): Promise<number>;

  /** Makes bytes durable outside a transaction: the content to hand to `append`. */
  storeContent(source: AsyncIterable<Uint8Array>): Promise<Segments>;
  /** All or none. @throws {MailError} `permanent`, 552 5.2.2, when the quota does not hold them. */
  append(folderId: number, messages: readonly NewMessage[]): Promise<{ uidValidity: number; uids: number[] }>;
  /** Appends the new message and removes the old one, both or neither; only the growth needs room. */
  replace(order: Replacement): Promise<{ uidValidity: number; uids: number[] }>;
  /** Returns the messages as they are now, and the UIDs left alone because of `unchangedSince`. */
  storeFlags(
    folderId: number,
    uids: UidRanges,
    change: FlagChange,
  ): Promise<{ updated: readonly MarkedRecord[]; unchanged: readonly number[] }>;
  /** `may`: flags the copies keep; all unless told. */
  copy(folderId: number, uids: UidRanges, targetFolderId: number, may?: FlagRights): Promise<UidMapping>;
  move(folderId: number, uids: UidRanges, targetFolderId: number, may?: FlagRights): Promise<UidMapping>;
  /** Removes messages that have \Deleted, of those in `uids` if given; the UIDs removed. */
  expunge(folderId: number, uids?: UidRanges): Promise<readonly number[]>;

  /** Size and part tree of a stored message; the tree is cached in the store after the first time. */
  structure(contentId: number): Promise<MessagePart>;
  /** The same of many, by content; without what cannot be read now. */
  structures(contentIds: readonly number[]): Promise<ReadonlyMap<number, MessagePart>>;
  /** The fields of the messages' headers that mime/head-fields.ts names, by content; without what cannot be read now. */
  heads(contentIds: readonly number[]): Promise<ReadonlyMap<number, MessagePart['fields']>>;
  /** Texts made of the messages and kept beside them, by content; without what cannot be read now. */
  readyTexts(contentIds: readonly number[], wanted: ReadyText): Promise<ReadonlyMap<number, string>>;
  /** Which of the contents certainly hold a text in no field that `heads` gives, decoded and folded; by text. */
  withoutInHeads(
    contentIds: readonly number[],
    texts: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlySet<number>>>;
  /**
   * Which of the contents certainly do not hold a text (as SEARCH TEXT means it), by text: what a full text index
   * knows. Whatever is not named must be read.
   */
  withoutTexts(
    contentIds: readonly number[],
    texts: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlySet<number>>>;
  /** The stored bytes of small messages, by content; the others are for `read`. */
  smallContents(contentIds: readonly number[]): Promise<ReadonlyMap<number, Uint8Array>>;
  /** The stored bytes, exactly. */
  read(contentId: number, range?: { offset: number; length: number }): AsyncIterable<Uint8Array>;

  /**
   * The threads of contents that stand in the mailbox (THREADID, RFC 8474), by content; what is not known yet is
   * worked out. Without those that cannot be read now.
   */
  threads(mailboxId: number, contentIds: readonly number[]): Promise<ReadonlyMap<number, string>>;

  quota(mailboxId: number): Promise<QuotaUse>;
  /** Calls `listener` after each durable change; returns how to stop. */
  watch(mailboxId: number, listener: (notice: ChangeNotice) => void): () => void;
}
