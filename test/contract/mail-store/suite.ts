/** What every implementation of the mail store must do. */
import { testFolders } from './folders.ts';
import { testFlags, testMessages } from './messages.ts';
import { testCopies, testSessions } from './sessions.ts';
import { testShared } from './shared.ts';
import type { OpenMailStore } from './steps.ts';

export function testMailStore(name: string, open: OpenMailStore): void {
  testFolders(name, open);
  testMessages(name, open);
  testFlags(name, open);
  testCopies(name, open);
  testSessions(name, open);
  testShared(name, open);
}
