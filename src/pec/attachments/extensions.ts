/** Names of files that a provider does not take (pec-wire §7.3): programs, scripts and what starts them. */
export const defaultForbiddenExtensions: readonly string[] = (
  'asp bat chm cla class cmd com cpl csh exe hlp hpj hta inf ins jar js jse lnk msc msh msh1 msh1xml msh2 ' +
  'msh2xml mshxml msi msp ocx ops pif pl prf prg ps1 ps1xml ps2 ps2xml psc1 psc2 pst reg scf scr sct shb shs ' +
  'tmp url vb vbe vbp vbs vsmacros ws wsc wsf wsh'
).split(' ');

/** Signed and time-stamped wrappings: the name under them counts. */
const wrappings = ['p7m', 'p7x', 'm7m', 'tsd', 'tst'];

/** Characters that hide what a name ends in: nothing to see, or the order of what is seen turned round. */
const hiding = /[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/**
 * True when a system would treat the file as one of the forbidden kinds, whatever is done to hide it: case,
 * dots and spaces at the end, a path, a NUL, an alternate stream, a `.p7m` behind it.
 *
 * @param extensions lower case, without dots
 */
export function isForbiddenName(name: string, extensions: readonly string[]): boolean {
  return name.split('\0').some((piece) => {
    const extension = readExtension(piece);
    return extension !== undefined && extensions.includes(extension);
  });
}

/** The extension that counts, in lower case; undefined when there is none. */
export function readExtension(name: string): string | undefined {
  const file = name.normalize('NFKC').replace(hiding, '').split(/[/\\]/).at(-1) ?? '';
  const pieces = (file.split(':')[0] ?? '')
    .toLowerCase()
    .split('.')
    .map((piece) => piece.trim());
  while (pieces.length > 1 && isIgnored(pieces.at(-1) ?? '')) pieces.pop();
  return pieces.length > 1 ? pieces.at(-1) : undefined;
}

function isIgnored(piece: string): boolean {
  return piece === '' || wrappings.includes(piece);
}
