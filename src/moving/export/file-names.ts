/** Folder names as names of files that every system takes, each name once. */

/** Names that Windows keeps for devices. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const mostBytes = 120;

/** One level of a path, never empty, never `.` or `..`, without characters that any usual system refuses. */
export function toFileName(text: string): string {
  const plain = text
    .normalize('NFC')
    .replace(/[<>:"/\\|?*\p{Cc}\p{Cs}]/gu, '_')
    .replace(/^[. ]/, '_')
    .replace(/[. ]$/, '_');
  const name = devices.test(plain) ? `_${plain}` : plain;
  return truncate(name, mostBytes) || '_';
}

/** At most so many bytes of UTF-8, cut between characters. */
function truncate(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  return whole
    .subarray(0, bytes)
    .toString()
    .replace(/\ufffd+$/, '');
}

/** Gives each text its own name: names that differ only in case, or in what was replaced, are told apart by a number. */
export class FileNames {
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;

  constructor(taken: readonly string[] = []) {
    this.#taken = new Set(taken.map((name) => name.toLowerCase()));
  }

  /** The same text gets the same name again. */
  nameOf(text: string, toName: (text: string) => string = toFileName): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const wanted = toName(text);
    let name = wanted;
    for (let number = 2; this.#taken.has(name.toLowerCase()); number += 1) name = `${wanted}~${number}`;
    this.#taken.add(name.toLowerCase());
    this.#names.set(text, name);
    return name;
  }
}

/** The same for paths: one {@link FileNames} for each folder. */
export class FilePaths {
  readonly #folders = new Map<string, FileNames>();

  constructor(taken: readonly string[]) {
    this.#folders.set('', new FileNames(taken));
  }

  /** `a/b` gives the levels of its path. */
  levelsOf(name: string): string[] {
    const levels = name.split('/');
    return levels.map((level, index) => {
      const parent = levels.slice(0, index).join('/');
      const names = this.#folders.get(parent) ?? new FileNames();
      this.#folders.set(parent, names);
      return names.nameOf(level);
    });
  }
}
