/** The base subject of RFC 5256 §2.1: a subject without the marks of answers, forwards and lists. */

export interface BaseSubject {
  readonly text: string;
  /** A `Re:`, `Fwd:`, `(fwd)` or `[Fwd: …]` was taken off. */
  readonly isReply: boolean;
}

const longestSubject = 2000;
/** White space is single spaces by then, so that no pattern can be made to try twice. */
const leader = /^(?:\[[^[\]]*\] ?)*(?:re|fwd?) ?(?:\[[^[\]]*\] ?)?:/i;
const blob = /^\[[^[\]]*\] ?/;
const forward = /^\[fwd:(.*)\]$/i;

/** @param subject decoded, as Unicode */
export function findBaseSubject(subject: string): BaseSubject {
  // (1) White space becomes single spaces.
  let text = subject.slice(0, longestSubject).replace(/\s+/g, ' ');
  let isReply = false;
  for (;;) {
    // (2) Trailers.
    const trimmed = stripTrailers(text);
    isReply ||= trimmed.isReply;
    // (3) to (5) Leaders and blobs.
    const bare = stripLeaders(trimmed.text);
    isReply ||= bare.isReply;
    // (6) A forward that is framed; then all again.
    const framed = forward.exec(bare.text);
    if (framed === null) return { text: bare.text, isReply };
    text = framed[1] as string;
    isReply = true;
  }
}

function stripTrailers(subject: string): BaseSubject {
  let text = subject.trimEnd();
  let isReply = false;
  while (/\(fwd\)$/i.test(text)) {
    text = text.slice(0, -5).trimEnd();
    isReply = true;
  }
  return { text, isReply };
}

function stripLeaders(subject: string): BaseSubject {
  let text = subject.trimStart();
  let isReply = false;
  for (;;) {
    const marks = leader.exec(text);
    if (marks !== null) {
      text = text.slice(marks[0].length).trimStart();
      isReply = true;
      continue;
    }
    // (4) A list's mark goes only if something is left.
    const mark = blob.exec(text);
    if (mark === null || mark[0].length === text.length) return { text, isReply };
    text = text.slice(mark[0].length);
  }
}
