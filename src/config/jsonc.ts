/**
 * JSON with comments: `//` and block comments, and a comma before a closing bracket. Positions in error messages stay
 * those of the text as written.
 */

/**
 * Parses JSON with comments.
 * @throws {SyntaxError} with line and column, when the text is not JSON or a comment does not end.
 */
export function parseJsonc(text: string): unknown {
  return JSON.parse(blankComments(text));
}

const token =
  /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*[}\]])/g;

/** The same text with comments and trailing commas written over with blanks, line ends kept. */
function blankComments(text: string): string {
  return text.replace(token, (match) => (match.startsWith('"') ? match : match.replace(/[^\n]/g, ' ')));
}
