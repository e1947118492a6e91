/**
 * Reads the arguments of MAIL and RCPT (RFC 5321 §4.1.1.2, §4.1.1.3 and §4.1.2). smtp-server's own reader turns
 * A-labels into Unicode and stumbles over quoted local parts; here the path stays as the client wrote it.
 */
export interface PathCommand {
  /** What stood between the angle brackets, source route taken off; empty for the null path. */
  readonly address: string;
  /** ESMTP parameters, names in upper case; `true` for one without a value. False when there are none. */
  readonly args: Record<string, string | true> | false;
  /** A parameter that was given twice. */
  readonly duplicate?: string;
}

const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?$/;
const SOURCE_ROUTE = /^@[^\s,:@]+(?:,@[^\s,:@]+)*:/;

/**
 * @param verb `MAIL FROM` or `RCPT TO`
 * @param line the command line, one character a byte
 * @returns undefined when it is not by the grammar
 */
export function readPathCommand(verb: string, line: string): PathCommand | undefined {
  const colon = line.indexOf(':');
  if (colon === -1 || line.slice(0, colon).trim().replace(/ +/g, ' ').toUpperCase() !== verb)
    return undefined;
  // Blanks after the colon are against the grammar but usual; receivers take them.
  const rest = line.slice(colon + 1).trimStart();
  const close = endOfPath(rest);
  if (close === -1) return undefined;
  const address = rest.slice(1, close).replace(SOURCE_ROUTE, '');
  const tail = rest.slice(close + 1);
  if (tail !== '' && !tail.startsWith(' ')) return undefined;
  return withParameters(address, tail.split(' ').filter(Boolean));
}

/** Index of the `>` that closes the path: one inside a quoted local part does not. */
function endOfPath(text: string): number {
  if (!text.startsWith('<')) return -1;
  let quoted = false;
  for (let i = 1; i < text.length; i++) {
    const character = text[i];
    if (quoted && character === '\\') i++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '<') return -1;
    else if (!quoted && character === '>') return i;
  }
  return -1;
}

function withParameters(address: string, words: readonly string[]): PathCommand | undefined {
  const args: Record<string, string | true> = Object.create(null);
  let duplicate: string | undefined;
  for (const word of words) {
    const match = PARAMETER.exec(word);
    if (match === null) return undefined;
    const name = (match[1] as string).toUpperCase();
    if (name in args) duplicate = name;
    args[name] = match[2] ?? true;
  }
  return { address, args: words.length > 0 && args, ...(duplicate === undefined ? {} : { duplicate }) };
}
