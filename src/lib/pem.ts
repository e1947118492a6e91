/** PEM (RFC 7468): text armour around DER. Pure; reading is lenient about what stands between the blocks. */

/** A block of `label` with lines of 64 characters. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${base64}-----END ${label}-----\n`;
}

/** The DER of every block of `label` in `text`, in order; empty when there is none. */
export function decodePem(label: string, text: string): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  for (let from = text.indexOf(begin); from >= 0; from = text.indexOf(begin, from + begin.length)) {
    const to = text.indexOf(end, from);
    if (to < 0) break;
    blocks.push(new Uint8Array(Buffer.from(text.slice(from + begin.length, to), 'base64')));
  }
  return blocks;
}
