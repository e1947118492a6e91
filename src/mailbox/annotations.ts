/**
 * Annotations (RFC 5464): named values on a folder, shared by all who may use it or private to one login, and
 * private ones of a login about the server as a whole. Few and small: they are remarks, not mail.
 */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { requireFolder } from './folder-rows.ts';
import { noteAnnotation } from './notices.ts';
import { StoreError } from './store-error.ts';

export interface Annotation {
  /** `/shared/comment`, `/private/vendor/x/y`; lower case. */
  readonly entry: string;
  readonly value: Uint8Array;
}

/** A value to set; undefined removes the entry. */
export interface AnnotationChange {
  readonly entry: string;
  readonly value: Uint8Array | undefined;
}

/** What annotations are about: a folder, or without one the server. */
export interface AnnotationSubject {
  readonly folderId: number | undefined;
  /** Whose private ones. */
  readonly loginId: number;
}

/** Most entries of one kind (shared, or private to a login) on one folder, and of a login on the server. */
export const mostAnnotations = 100;
/** Bytes of one value. */
export const longestAnnotation = 16_384;
/** Bytes of all values of one kind together. */
export const annotationBytes = 262_144;

/** More than {@link mostAnnotations}, or than {@link annotationBytes} in them. */
export class TooManyAnnotations extends StoreError {
  constructor() {
    const sizes = `${mostAnnotations} annotations with ${annotationBytes} bytes together`;
    super('limit', `There may be ${sizes}; remove some first`);
  }
}

interface AnnotationRow {
  kind: 'shared' | 'private';
  entry: string;
  value: Uint8Array;
}

/** All that the login may see, by entry. */
export async function readAnnotations(
  tx: ReadTransaction,
  { folderId, loginId }: AnnotationSubject,
): Promise<Annotation[]> {
  const rows =
    folderId === undefined
      ? await tx.all<AnnotationRow>(
          `SELECT 'private' AS kind, entry, value FROM login_annotation WHERE login_id = ? ORDER BY entry`,
          loginId,
        )
      : await tx.all<AnnotationRow>(
          `SELECT CASE WHEN login_id IS NULL THEN 'shared' ELSE 'private' END AS kind, entry, value
             FROM folder_annotation WHERE folder_id = ? AND COALESCE(login_id, 0) IN (0, ?) ORDER BY 1, 2`,
          folderId,
          loginId,
        );
  return rows.map(({ kind, entry, value }) => ({ entry: `/${kind}${entry}`, value }));
}

/**
 * Sets all or none; watchers of the mailbox hear of it.
 * @throws {TooManyAnnotations}; {@link StoreError} `nonexistent`
 */
export async function writeAnnotations(
  tx: Transaction,
  subject: AnnotationSubject,
  changes: readonly AnnotationChange[],
): Promise<void> {
  const { folderId, loginId } = subject;
  const folder = folderId === undefined ? undefined : await requireFolder(tx, folderId);
  const mailboxId = folder?.mailbox_id ?? (await mailboxOf(tx, loginId));
  for (const { entry, value } of changes) {
    const [, kind = '', name = ''] = /^\/(shared|private)(\/.*)$/s.exec(entry) ?? [];
    const owner = kind === 'shared' ? null : loginId;
    if (folder === undefined) await writeOnServer(tx, loginId, name, value);
    else await writeOnFolder(tx, { folderId: folder.id, owner, name, value });
    noteAnnotation(tx, { mailboxId, folderId }, { entry, loginId: owner ?? undefined });
  }
  // Who has more from before may still take away.
  if (changes.every(({ value }) => value === undefined)) return;
  const kinds = splitKinds(await readAnnotations(tx, subject));
  if (kinds.some(isTooMuch)) throw new TooManyAnnotations();
}

async function mailboxOf(tx: ReadTransaction, loginId: number): Promise<number> {
  const sql = 'SELECT mailbox_id AS id FROM login WHERE id = ?';
  return (await tx.get<{ id: number }>(sql, loginId))?.id ?? 0;
}

function splitKinds(annotations: readonly Annotation[]): Annotation[][] {
  const isShared = ({ entry }: Annotation) => entry.startsWith('/shared/');
  return [annotations.filter(isShared), annotations.filter((each) => !isShared(each))];
}

function isTooMuch(annotations: readonly Annotation[]): boolean {
  const bytes = annotations.reduce((sum, { value }) => sum + value.length, 0);
  return annotations.length > mostAnnotations || bytes > annotationBytes;
}

interface FolderValue {
  readonly folderId: number;
  /** The login it is private to. */
  readonly owner: number | null;
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

async function writeOnFolder(tx: Transaction, { folderId, owner, name, value }: FolderValue): Promise<void> {
  await tx.run(
    'DELETE FROM folder_annotation WHERE folder_id = ? AND COALESCE(login_id, 0) = ? AND entry = ?',
    folderId,
    owner ?? 0,
    name,
  );
  if (value === undefined) return;
  await tx.run(
    'INSERT INTO folder_annotation (folder_id, login_id, entry, value) VALUES (?, ?, ?, ?)',
    folderId,
    owner,
    name,
    value,
  );
}

async function writeOnServer(
  tx: Transaction,
  loginId: number,
  name: string,
  value: Uint8Array | undefined,
): Promise<void> {
  await tx.run('DELETE FROM login_annotation WHERE login_id = ? AND entry = ?', loginId, name);
  if (value === undefined) return;
  await tx.run(
    'INSERT INTO login_annotation (login_id, entry, value) VALUES (?, ?, ?)',
    loginId,
    name,
    value,
  );
}
