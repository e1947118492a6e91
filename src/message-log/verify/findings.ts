/** What verification of the message log may find, each naming the very entry, seal or file. */

export type FindingCode =
  /** An entry of the database is not what was written, not there, or not where it was. */
  | 'entry-changed'
  | 'entry-missing'
  | 'entry-added'
  | 'entry-displaced'
  | 'facts-changed'
  /** The addresses by which an entry is found are not its own. */
  | 'address-wrong'
  /** An index of the database does not have what the entries say. */
  | 'index-wrong'
  /** The database and its seal disagree, and no single entry can be blamed. */
  | 'entries-unsealed'
  | 'seal-changed'
  | 'seal-displaced'
  | 'seal-missing'
  | 'stamp-wrong'
  | 'stamp-missing'
  | 'statement-wrong'
  | 'file-missing'
  | 'file-changed'
  | 'file-displaced'
  | 'removal-wrong'
  | 'incoherent';

export interface LogFinding {
  readonly code: FindingCode;
  readonly node: string;
  /** The entry. */
  readonly seq?: number;
  /** The number of the seal. */
  readonly seal?: number;
  readonly file?: string;
  readonly identificativo?: string;
  /** English, one sentence without a full stop. */
  readonly text: string;
}

/**
 * Keeps the first thousand and counts all: a destroyed log must not fill the memory. What two checks find in the
 * same way about the same thing is one finding, with the words of the one that says more.
 */
export class Findings {
  readonly #kept: LogFinding[] = [];
  readonly #places = new Map<string, number>();
  #count = 0;

  add(finding: LogFinding): void {
    const { code, node, seq, file } = finding;
    const key = seq === undefined ? undefined : JSON.stringify([code, node, seq, file]);
    const place = key === undefined ? undefined : this.#places.get(key);
    const known = place === undefined ? undefined : this.#kept[place];
    if (place !== undefined && known !== undefined) {
      if (finding.text.length > known.text.length) this.#kept[place] = { ...known, ...finding };
      return;
    }
    this.#count += 1;
    if (this.#kept.length === mostKept) return;
    if (key !== undefined) this.#places.set(key, this.#kept.length);
    this.#kept.push(finding);
  }

  get kept(): readonly LogFinding[] {
    return this.#kept;
  }

  get count(): number {
    return this.#count;
  }
}

const mostKept = 1000;
