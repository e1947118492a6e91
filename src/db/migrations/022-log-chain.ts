/**
 * An entry names the hash of the one before it: now the database refuses one that does not, so that no two programs
 * can ever continue a stream from the same place.
 */
export const migration = {
  id: 22,
  name: 'log-chain',
  statements: [
    `CREATE TRIGGER message_log_chain BEFORE INSERT ON message_log
       WHEN NEW.prev_hash IS NOT COALESCE(
         (SELECT hash FROM message_log WHERE node = NEW.node ORDER BY seq DESC LIMIT 1),
         (SELECT last_hash FROM log_seal WHERE node = NEW.node ORDER BY number DESC LIMIT 1),
         zeroblob(32))
       BEGIN SELECT RAISE(ABORT, 'an entry follows the last one of its stream'); END`,
  ],
};
