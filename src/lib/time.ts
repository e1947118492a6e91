/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** The only way any room asks for the time; the transaction asks once (RFC 6109 §4.1). */
export type Clock = () => Instant;
