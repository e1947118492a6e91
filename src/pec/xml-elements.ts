/**
 * As much of XML as daticert.xml needs: elements of a known tree, attributes, character data. What stands in a
 * leaf up to its end tag is text, also `<id@host>` that should have been escaped. No DTD is read, no external
 * thing is fetched, nothing expands; one pass, linear.
 */
export class PecFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PecFormatError';
  }
}

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of a leaf: its text, references resolved; empty for others. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The elements that may stand in an element; a leaf is `''`. */
export interface ElementTree {
  readonly [name: string]: ElementTree | '';
}

/**
 * The top-level elements of `xml`, read along `tree`; elements it does not name are skipped.
 * @throws {PecFormatError} for an element that does not end, or a document type with declarations.
 */
export function readElements(xml: string, tree: ElementTree): readonly XmlElement[] {
  return new ElementReader(xml).readChildren(tree, undefined);
}

interface StartTag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly empty: boolean;
}

const startTag = /<([A-Za-z_][\w.-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const attribute = /([\w.:-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;

class ElementReader {
  readonly #xml: string;
  #at = 0;

  constructor(xml: string) {
    this.#xml = xml;
  }

  /** Reads up to the end tag of `parent`, or up to the end of the text when there is none. */
  readChildren(tree: ElementTree, parent: string | undefined): readonly XmlElement[] {
    const children: XmlElement[] = [];
    for (;;) {
      this.#at = this.#xml.indexOf('<', this.#at);
      if (this.#at === -1) {
        if (parent !== undefined) throw new PecFormatError(`daticert.xml: ${parent} does not end`);
        return children;
      }
      if (this.#skipNonElement()) continue;
      if (this.#xml.startsWith('</', this.#at)) {
        this.#readEndTag(parent);
        return children;
      }
      children.push(...this.#readElement(tree));
    }
  }

  #readElement(tree: ElementTree): XmlElement[] {
    const tag = this.#readStartTag();
    const inside = Object.hasOwn(tree, tag.name) ? tree[tag.name] : undefined;
    const { name, attributes } = tag;
    if (inside === undefined) {
      if (!tag.empty) this.#readText(name);
      return [];
    }
    if (tag.empty) return [{ name, attributes, text: '', children: [] }];
    if (inside === '') return [{ name, attributes, text: this.#readText(name), children: [] }];
    return [{ name, attributes, text: '', children: this.readChildren(inside, name) }];
  }

  #readStartTag(): StartTag {
    startTag.lastIndex = this.#at;
    const found = startTag.exec(this.#xml);
    if (found === null) throw new PecFormatError('daticert.xml: a tag that is none');
    const [whole, name = '', attributesText = '', slash] = found;
    this.#at += whole.length;
    const attributes: Record<string, string> = {};
    for (const [, key = '', double, single] of attributesText.matchAll(attribute))
      attributes[key] = resolveReferences(double ?? single ?? '');
    return { name, attributes, empty: slash === '/' };
  }

  #readEndTag(parent: string | undefined): void {
    const end = this.#xml.indexOf('>', this.#at);
    const name = end === -1 ? '' : this.#xml.slice(this.#at + 2, end).trimEnd();
    if (parent === undefined || name !== parent)
      throw new PecFormatError(`daticert.xml: end tag ${JSON.stringify(name.slice(0, 40))} out of place`);
    this.#at = end + 1;
  }

  /** Declarations, instructions and comments; true when there was one. */
  #skipNonElement(): boolean {
    for (const [begin, end] of skipped) {
      if (!this.#xml.startsWith(begin, this.#at)) continue;
      const found = this.#xml.indexOf(end, this.#at + begin.length);
      if (found === -1) throw new PecFormatError(`daticert.xml: ${begin} does not end`);
      // An internal subset could declare entities: nothing that certifies needs one.
      if (begin === '<!DOCTYPE' && this.#xml.slice(this.#at, found).includes('['))
        throw new PecFormatError('daticert.xml: document type with declarations');
      this.#at = found + end.length;
      return true;
    }
    return false;
  }

  /** The text up to the end tag of `name`. */
  #readText(name: string): string {
    const ending = new RegExp(`</${name}\\s*>`, 'g');
    ending.lastIndex = this.#at;
    const found = ending.exec(this.#xml);
    if (found === null) throw new PecFormatError(`daticert.xml: ${name} does not end`);
    const raw = this.#xml.slice(this.#at, found.index);
    this.#at = ending.lastIndex;
    return readCharacterData(raw);
  }
}

const skipped = [
  ['<!--', '-->'],
  ['<?', '?>'],
  ['<!DOCTYPE', '>'],
] as const;

/** Text, CDATA sections as they are, comments left out; one that does not end is text. */
function readCharacterData(raw: string): string {
  const text = raw.replace(/\r\n?/g, '\n');
  const out: string[] = [];
  let done = 0;
  for (let at = text.indexOf('<!'); at !== -1; at = text.indexOf('<!', at + 1)) {
    const section = sections.find(([begin]) => text.startsWith(begin, at));
    if (section === undefined || at < done) continue;
    const [begin, end, isText] = section;
    const close = text.indexOf(end, at + begin.length);
    // Nothing further on can end either: each search to the end is made once.
    if (close === -1) break;
    out.push(resolveReferences(text.slice(done, at)));
    if (isText) out.push(text.slice(at + begin.length, close));
    done = close + end.length;
  }
  out.push(resolveReferences(text.slice(done)));
  return out.join('');
}

const sections = [
  ['<![CDATA[', ']]>', true],
  ['<!--', '-->', false],
] as const;

const predefined: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Numeric references and the five of XML 1.0 §4.6; anything else stays as it is written. */
function resolveReferences(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|amp|lt|gt|quot|apos);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return predefined[name] ?? whole;
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
