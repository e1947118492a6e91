/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** The only way any room asks for the time; the transaction asks once (RFC 6109 §4.1). */
export type Clock = () => Instant;

/** The same day and time so many months earlier, in UTC; the month's last day when it has no such day. */
export function monthsBefore(at: Instant, months: number): Instant {
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - months + 1, 0);
  return date.setUTCDate(Math.min(day, date.getUTCDate()));
}
