/**
 * The first reading of an address list: text, quoted strings, comments, domain literals and the characters
 * that part them (RFC 5322 §3.2). One pass, linear also when a quote or comment never closes.
 */
export interface AddressToken {
  readonly kind: 'text' | 'quoted' | 'comment' | 'literal' | 'special';
  /** Content of a quoted string or comment, unescaped, without its marks; a literal keeps its brackets. */
  readonly text: string;
}

const CLOSERS = { '"': '"', '(': ')', '[': ']' } as const;
const SPECIALS = '<>,;:';

/** Never throws; an opener that never closes stands for itself and is reported. */
export function readAddressTokens(value: string): { tokens: AddressToken[]; problems: string[] } {
  const tokens: AddressToken[] = [];
  const problems: string[] = [];
  // Once an opener found no end, no later one of its kind is tried: that would be quadratic.
  const hopeless = new Set<string>();
  let text = '';
  const flush = () => {
    if (text !== '') tokens.push({ kind: 'text', text });
    text = '';
  };
  for (let at = 0; at < value.length; ) {
    const character = value.charAt(at);
    if (SPECIALS.includes(character)) {
      flush();
      tokens.push({ kind: 'special', text: character });
      at = character === '<' ? skipRoute(value, at + 1) : at + 1;
      continue;
    }
    const enclosed = isOpener(character) && !hopeless.has(character) ? readEnclosed(value, at) : undefined;
    if (enclosed !== undefined) {
      flush();
      tokens.push(enclosed.token);
      at = enclosed.end;
      continue;
    }
    if (isOpener(character) && !hopeless.has(character)) {
      hopeless.add(character);
      problems.push(`${character} without ${CLOSERS[character]}`);
    }
    if (character !== '\r' && character !== '\n') text += character;
    at++;
  }
  flush();
  return { tokens, problems };
}

/** RFC 5322 §4.4, obs-route: `@a,@b:` right after `<` has said nothing for thirty years. */
const ROUTE = /[ \t\r\n]*@[A-Za-z0-9.,@ \t\r\n-]*:/y;

function skipRoute(value: string, at: number): number {
  ROUTE.lastIndex = at;
  return ROUTE.test(value) ? ROUTE.lastIndex : at;
}

function isOpener(character: string): character is keyof typeof CLOSERS {
  return character in CLOSERS;
}

/** The quoted string, comment or literal that opens at `at`; undefined when it never closes. */
function readEnclosed(value: string, at: number): { token: AddressToken; end: number } | undefined {
  const opener = value.charAt(at) as keyof typeof CLOSERS;
  const closer = CLOSERS[opener];
  let depth = 1;
  let content = '';
  for (let i = at + 1; i < value.length; i++) {
    const character = value.charAt(i);
    if (character === closer && --depth === 0) return { token: buildToken(opener, content), end: i + 1 };
    // Only comments nest (RFC 5322 §3.2.2).
    if (character === '(' && opener === '(') depth++;
    if (character === '\\' && i + 1 < value.length) content += value.charAt(++i);
    else if (character !== '\r' && character !== '\n') content += character;
  }
  return undefined;
}

function buildToken(opener: keyof typeof CLOSERS, content: string): AddressToken {
  if (opener === '"') return { kind: 'quoted', text: content };
  return opener === '(' ? { kind: 'comment', text: content } : { kind: 'literal', text: `[${content}]` };
}
