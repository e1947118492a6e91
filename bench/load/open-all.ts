/** Logins one after the other, a few at once: more from one address look like somebody who guesses passwords. */
export async function openAll<T, S>(of: readonly T[], open: (one: T) => Promise<S>): Promise<S[]> {
  const atOnce = 8;
  const opened: S[] = [];
  for (let from = 0; from < of.length; from += atOnce) {
    opened.push(...(await Promise.all(of.slice(from, from + atOnce).map(open))));
  }
  return opened;
}
