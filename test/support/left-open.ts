/**
 * Loaded before each test file (`--import`): a file that leaves something open when its tests have ended fails by
 * name, instead of holding up the whole run. `--test-force-exit` would end it too, but now and then with reports that
 * have not been written yet.
 */
import { after } from 'node:test';

/** What the file's own last hooks close meanwhile is not left open. */
const graceMs = 30_000;

// The runner's own process, and files that share it, have no such end.
if (process.env.NODE_TEST_CONTEXT === 'child-v8') {
  after(() => {
    setTimeout(() => {
      const open = process.getActiveResourcesInfo().join(', ');
      process.stderr.write(`✖ ${process.argv[1]} ended its tests and left open: ${open}\n`);
      process.exit(1);
    }, graceMs).unref();
  });
}
