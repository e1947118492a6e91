/** Text files of one JSON value a line. Lines end in LF and in nothing else, whatever characters stand in them. */
import { createReadStream } from 'node:fs';

export function formatLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** The lines without their ends. @throws what the file system throws. */
export async function* readTextLines(file: string): AsyncGenerator<string> {
  let held: Buffer[] = [];
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) {
    const bytes = chunk as Buffer;
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      yield Buffer.concat([...held, bytes.subarray(from, end)]).toString();
      held = [];
      from = end + 1;
    }
    if (from < bytes.length) held.push(Buffer.from(bytes.subarray(from)));
  }
  if (held.length > 0) yield Buffer.concat(held).toString();
}
