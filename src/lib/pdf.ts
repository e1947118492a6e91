/**
 * Plain PDF 1.7 documents (ISO 32000-1): A4 pages of lines in the standard fonts, written as they come, so that
 * memory holds one page. Text is Latin-1; same lines, same bytes.
 */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

export type PdfFont = 'regular' | 'bold' | 'mono';

export interface PdfText {
  readonly text: string;
  readonly font: PdfFont;
  /** Points. */
  readonly size: number;
  /** Points from the left and from the bottom edge. */
  readonly x: number;
  readonly y: number;
}

export interface PdfFrame {
  readonly title: string;
  readonly author: string;
  /** `YYYYMMDDHHmmSS` and the zone as `+01'00`. */
  readonly created: string;
  /** Language of the text, e.g. `it-IT`. */
  readonly language: string;
  /** Where each page says how many there are; the text with `{pages}` is filled in at the end. */
  readonly total: PdfText;
}

/** A4, points. */
export const pageWidth = 595;
export const pageHeight = 842;
/** Width of one character of the `mono` font, in parts of its size. */
export const monoAdvance = 0.6;

const fonts: Readonly<Record<PdfFont, { readonly name: string; readonly base: string }>> = {
  regular: { name: 'F1', base: 'Helvetica' },
  bold: { name: 'F2', base: 'Helvetica-Bold' },
  mono: { name: 'F3', base: 'Courier' },
};

/** Objects that every page names; they are written at the end, when the number of pages is known. */
const ids = { catalog: 1, pages: 2, total: 3, resources: 4, info: 5, firstFont: 6 } as const;
const firstFree = ids.firstFont + Object.keys(fonts).length;

/** The document's bytes; `pages` gives the lines of each page. */
export async function* writePdf(
  frame: PdfFrame,
  pages: AsyncIterable<readonly PdfText[]>,
): AsyncGenerator<Uint8Array> {
  const file = new ObjectFile();
  yield file.begin();
  const kids: number[] = [];
  let id = firstFree;
  for await (const lines of pages) {
    yield file.addStream(id, '', `${drawLines(lines)}/Total Do\n`);
    const box = `[0 0 ${pageWidth} ${pageHeight}]`;
    yield file.add(
      id + 1,
      `<</Type/Page/Parent ${ids.pages} 0 R/MediaBox ${box}/Resources ${ids.resources} 0 R/Contents ${id} 0 R>>`,
    );
    kids.push(id + 1);
    id += 2;
  }
  yield* writeEnd(file, frame, kids);
}

function* writeEnd(file: ObjectFile, frame: PdfFrame, kids: readonly number[]): Generator<Uint8Array> {
  const { total } = frame;
  const text = total.text.replace('{pages}', String(kids.length));
  const form = `/Type/XObject/Subtype/Form/BBox[0 0 ${pageWidth} ${pageHeight}]/Resources<<${fontTable()}>>`;
  yield file.addStream(ids.total, form, drawLines([{ ...total, text }]));
  yield file.add(ids.resources, `<<${fontTable()}/XObject<</Total ${ids.total} 0 R>>>>`);
  for (const [index, { base }] of Object.values(fonts).entries())
    yield file.add(
      ids.firstFont + index,
      `<</Type/Font/Subtype/Type1/BaseFont/${base}/Encoding/WinAnsiEncoding>>`,
    );
  yield file.add(
    ids.pages,
    `<</Type/Pages/Count ${kids.length}/Kids[${kids.map((kid) => `${kid} 0 R`).join(' ')}]>>`,
  );
  yield file.add(
    ids.catalog,
    `<</Type/Catalog/Pages ${ids.pages} 0 R/Lang${writeString(frame.language)}/ViewerPreferences<</DisplayDocTitle true>>>>`,
  );
  const { title, author, created } = frame;
  yield file.add(
    ids.info,
    `<</Title${writeString(title)}/Author${writeString(author)}/CreationDate${writeString(`D:${created}`)}>>`,
  );
  yield file.end();
}

function fontTable(): string {
  const entries = Object.values(fonts).map(({ name }, index) => `/${name} ${ids.firstFont + index} 0 R`);
  return `/Font<<${entries.join('')}>>`;
}

function drawLines(lines: readonly PdfText[]): string {
  return lines
    .map(
      ({ text, font, size, x, y }) =>
        `BT/${fonts[font].name} ${size} Tf ${x} ${y} Td${writeString(text)}Tj ET\n`,
    )
    .join('');
}

/** A literal string; what is no printable Latin-1 is left out. */
function writeString(text: string): string {
  const escaped = text.replace(/[^\x20-\x7e\xa0-\xff]/g, '').replace(/[\\()]/g, '\\$&');
  return `(${escaped})`;
}

/** The bytes of a PDF file, its objects by number, and where each begins. */
class ObjectFile {
  readonly #offsets = new Map<number, number>();
  readonly #digest = createHash('sha256');
  #length = 0;

  begin(): Uint8Array {
    // Four bytes above 127 say that the file is binary.
    return this.#take(Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'));
  }

  add(id: number, value: string): Uint8Array {
    return this.#addObject(id, Buffer.from(value, 'latin1'));
  }

  addStream(id: number, entries: string, content: string): Uint8Array {
    const packed = deflateSync(Buffer.from(content, 'latin1'));
    const head = `<<${entries}/Filter/FlateDecode/Length ${packed.length}>>\nstream\n`;
    return this.#addObject(
      id,
      Buffer.concat([Buffer.from(head, 'latin1'), packed, Buffer.from('\nendstream')]),
    );
  }

  /** The table of objects and the trailer. */
  end(): Uint8Array {
    const start = this.#length;
    const count = this.#offsets.size + 1;
    const rows = [...this.#offsets]
      .sort(([a], [b]) => a - b)
      .map(([, offset]) => `${String(offset).padStart(10, '0')} 00000 n \n`);
    const name = this.#digest.copy().digest('hex').slice(0, 32);
    const trailer = `<</Size ${count}/Root ${ids.catalog} 0 R/Info ${ids.info} 0 R/ID[<${name}><${name}>]>>`;
    const table = `xref\n0 ${count}\n0000000000 65535 f \n${rows.join('')}`;
    return this.#take(Buffer.from(`${table}trailer\n${trailer}\nstartxref\n${start}\n%%EOF\n`));
  }

  #addObject(id: number, value: Uint8Array): Uint8Array {
    this.#offsets.set(id, this.#length);
    return this.#take(Buffer.concat([Buffer.from(`${id} 0 obj\n`), value, Buffer.from('\nendobj\n')]));
  }

  #take(bytes: Uint8Array): Uint8Array {
    this.#length += bytes.length;
    this.#digest.update(bytes);
    return bytes;
  }
}
