/**
 * News of folders that are not selected (NOTIFY, RFC 5465): a STATUS when messages came, went or changed, a LIST when
 * a name did, a METADATA when a remark did. What is known is compared with what is; so a notice may come late or
 * twice, and who reads slowly is told once how things stand. What the session did itself is left out.
 */
import type { ChangeNotice, FolderStatus, VisibleFolder } from '../mailbox/mail-store.ts';
import { FetchWriter } from './message/fetch-writer.ts';
import { emptyRanges, type Ranges, rangesOf, subtract, unite } from './number-ranges.ts';
import { Refusal } from './refusal.ts';
import type { Notifications, Session } from './session.ts';
import { writeStatus } from './status-items.ts';
import { tellTreeChanges } from './tree-news.ts';
import { isMeant } from './wire/folder-filter.ts';
import { formatEntry } from './wire/metadata-entries.ts';
import type { EventGroup, EventName, NotifyRequest, SelectedEvents } from './wire/notify-request.ts';

/** Folders whose messages are watched; more would cost too much at every look. */
const mostFolders = 1000;

export class Notifier implements Notifications {
  readonly selected: SelectedEvents | undefined;
  readonly withCommands: boolean;
  onNotice: (() => void) | undefined;
  readonly #session: Session;
  readonly #groups: readonly EventGroup[];
  #folders = new Map<number, VisibleFolder>();
  /** Of the folders whose messages are watched. */
  readonly #states = new Map<number, FolderStatus>();
  readonly #changed = new Set<number>();
  /** Messages that this session put into a watched folder, or took out of it, since its state was read. */
  readonly #own = new Map<number, Ranges>();
  #treeChanged = false;
  #annotations: ChangeNotice[] = [];
  /** By mailbox. */
  readonly #watches = new Map<number, () => void>();

  constructor(session: Session, request: NotifyRequest) {
    this.#session = session;
    this.selected = request.selected;
    this.withCommands = request.withCommands === true;
    this.#groups = request.groups;
  }

  /**
   * Looks at all folders once and listens from then on.
   * @param tells the state of each watched folder first (NOTIFY SET STATUS)
   * @throws {Refusal} NOTIFICATIONOVERFLOW
   */
  async begin(tells: boolean): Promise<void> {
    if (this.#groups.length === 0) return;
    const folders = await this.#session.store.listVisible(this.#session.login);
    const watched = folders.filter((folder) => this.#wantsMessages(folder));
    if (watched.length > mostFolders) {
      throw new Refusal('NOTIFICATIONOVERFLOW', `Messages of at most ${mostFolders} folders can be watched`);
    }
    this.#watch(folders);
    this.#folders = new Map(folders.map((folder) => [folder.id, folder]));
    for (const folder of watched) await this.#beginWith(folder, tells);
  }

  async #beginWith(folder: VisibleFolder, tells: boolean): Promise<void> {
    const session = this.#session;
    if (!folder.rights.includes('r')) {
      // RFC 5465 §3.1: it may be seen, and nothing of what is in it.
      session.untagged(`LIST (\\NoAccess) "/" ${session.formatMailbox(folder.name)}`);
      return;
    }
    this.#states.set(folder.id, await session.store.status(folder.id));
    if (tells && !this.#isSelected(folder.id)) await this.#tellStatus(folder);
    if (session.out.full) await session.out.drained();
  }

  close(): void {
    for (const stop of this.#watches.values()) stop();
    this.#watches.clear();
    this.onNotice = undefined;
  }

  /** RFC 5465 §5.2: what was asked of new messages in the selected folder. */
  async tellArrivals(uids: Ranges): Promise<void> {
    const { items } = this.selected ?? { items: [] };
    if (items.length === 0 || uids.length === 0) return;
    const session = this.#session;
    const records = await session.store.messages(session.view.folder.id, uids);
    const writer = new FetchWriter(session, items);
    await writer.prepare(records);
    for (const record of records) await writer.write(record, false);
  }

  noteMessages(folderId: number, uids: readonly number[]): void {
    if (!this.#states.has(folderId)) return;
    this.#own.set(folderId, unite(this.#own.get(folderId) ?? emptyRanges, rangesOf(uids)));
  }

  async tellOthers(): Promise<void> {
    if (this.#treeChanged) await this.#tellTree();
    this.#tellAnnotations();
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const id of changed) await this.#tellMessages(id);
  }

  #watch(folders: readonly VisibleFolder[]): void {
    for (const mailboxId of new Set([
      this.#session.login.mailboxId,
      ...folders.map((each) => each.mailboxId),
    ])) {
      if (this.#watches.has(mailboxId)) continue;
      this.#watches.set(
        mailboxId,
        this.#session.store.watch(mailboxId, (notice) => this.#hear(notice)),
      );
    }
  }

  #hear(notice: ChangeNotice): void {
    if (notice.annotation !== undefined) this.#annotations.push(notice);
    else if (notice.folderId !== undefined) this.#changed.add(notice.folderId);
    else {
      // Its folders, or anything in it.
      this.#treeChanged = true;
      for (const id of this.#states.keys()) this.#changed.add(id);
    }
    this.onNotice?.();
  }

  async #tellTree(): Promise<void> {
    this.#treeChanged = false;
    const before = [...this.#folders.values()];
    const folders = await this.#session.store.listVisible(this.#session.login);
    this.#watch(folders);
    this.#folders = new Map(folders.map((folder) => [folder.id, folder]));
    const wants = (folder: VisibleFolder, event: EventName) => this.#wants(folder, event);
    tellTreeChanges(this.#session, { before, now: folders, wants });
    for (const id of [...this.#states.keys()]) if (!this.#folders.has(id)) this.#states.delete(id);
    for (const folder of folders) {
      if (this.#states.has(folder.id) || !this.#mayRead(folder) || this.#states.size >= mostFolders) continue;
      this.#states.set(folder.id, emptyStatus);
      this.#changed.add(folder.id);
    }
  }

  #tellAnnotations(): void {
    const notices = this.#annotations;
    this.#annotations = [];
    for (const { folderId, annotation } of notices) {
      if (annotation === undefined) continue;
      const { entry, loginId } = annotation;
      if (loginId !== undefined && loginId !== this.#session.login.loginId) continue;
      if (this.#session.forgetOwn(`${folderId ?? ''} ${entry}`)) continue;
      const folder = folderId === undefined ? undefined : this.#folders.get(folderId);
      const name = folder === undefined ? '""' : this.#session.formatMailbox(folder.name);
      const asked =
        folder === undefined
          ? folderId === undefined && this.#groups.some(({ events }) => events.has('ServerMetadataChange'))
          : /[rswip]/.test(folder.rights) && this.#wants(folder, 'MailboxMetadataChange');
      if (asked) this.#session.untagged(`METADATA ${name} ${formatEntry(entry)}`);
    }
  }

  async #tellMessages(id: number): Promise<void> {
    const folder = this.#folders.get(id);
    const before = this.#states.get(id);
    if (folder === undefined || before === undefined) return;
    const now = await this.#readStatus(id);
    if (now === undefined) return;
    this.#states.set(id, now);
    const own = this.#own.get(id) ?? emptyRanges;
    this.#own.delete(id);
    if (this.#isSelected(id) || (await this.#isOnlyOwn(id, before, own))) return;
    const moved = now.uidNext !== before.uidNext || now.messages !== before.messages;
    const marked = this.#session.has('CONDSTORE')
      ? now.highestModseq !== before.highestModseq
      : now.unseen !== before.unseen;
    const newFolder = now.uidValidity !== before.uidValidity && before !== emptyStatus;
    if (moved || newFolder || (marked && this.#wants(folder, 'FlagChange'))) await this.#tellStatus(folder);
    if (this.#session.out.full) await this.#session.out.drained();
  }

  /** RFC 5465 §5: what the client did itself is no news. */
  async #isOnlyOwn(id: number, before: FolderStatus, own: Ranges): Promise<boolean> {
    if (own.length === 0 || before === emptyStatus) return false;
    const { changed, vanished } = await this.#session.store.changesSince(id, before.highestModseq);
    return subtract(rangesOf([...changed.map(({ uid }) => uid), ...vanished]), own).length === 0;
  }

  /** Undefined for a folder that went in the meantime: the list of folders will tell. */
  async #readStatus(id: number): Promise<FolderStatus | undefined> {
    try {
      return await this.#session.store.status(id);
    } catch {
      this.#treeChanged = true;
      return undefined;
    }
  }

  async #tellStatus(folder: VisibleFolder): Promise<void> {
    const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN'];
    if (this.#session.has('CONDSTORE')) items.push('HIGHESTMODSEQ');
    await writeStatus(this.#session, folder, items);
  }

  #isSelected(id: number): boolean {
    return this.#session.state === 'selected' && this.#session.view.folder.id === id;
  }

  #wantsMessages(folder: VisibleFolder): boolean {
    return this.#wants(folder, 'MessageNew');
  }

  #mayRead(folder: VisibleFolder): boolean {
    return this.#wantsMessages(folder) && folder.rights.includes('r');
  }

  #wants(folder: VisibleFolder, event: EventName): boolean {
    return this.#groups.some(({ filter, events }) => events.has(event) && isMeant(filter, folder));
  }
}

/** What is known of a folder that was not there. */
const emptyStatus: FolderStatus = {
  messages: 0,
  unseen: 0,
  deleted: 0,
  recent: 0,
  size: 0,
  uidNext: 1,
  uidValidity: 0,
  highestModseq: 1,
};
