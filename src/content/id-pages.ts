/** Many ids for one statement: in pages of one length, so that its text is always the same and is prepared once. */

/** Ids to a statement. */
export const idsToStatement = 200;

/** `?, ?, ?`. */
export function placesFor(count: number): string {
  return `${'?, '.repeat(count - 1)}?`;
}

/** Pages of the same length, the last one filled up with its last id. */
export function paddedPages(ids: readonly number[]): number[][] {
  const pages: number[][] = [];
  for (let from = 0; from < ids.length; from += idsToStatement) {
    const page = ids.slice(from, from + idsToStatement);
    while (page.length < idsToStatement) page.push(page.at(-1) ?? 0);
    pages.push(page);
  }
  return pages;
}
