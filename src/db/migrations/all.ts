/** Every migration, in order. A migration that a store may have applied is never changed: add another. */
import type { Migration } from '../migrate.ts';
import { migration as accounts } from './001-accounts.ts';
import { migration as content } from './002-content.ts';
import { migration as mailbox } from './003-mailbox.ts';
import { migration as messageLog } from './004-message-log.ts';
import { migration as pecMessages } from './005-pec-messages.ts';
import { migration as queue } from './006-queue.ts';
import { migration as infected } from './007-infected.ts';
import { migration as notificationReceived } from './008-notification-received.ts';
import { migration as signingChains } from './009-signing-chains.ts';
import { migration as policies } from './010-policies.ts';
import { migration as closedMessages } from './011-closed-messages.ts';
import { migration as logSeals } from './012-log-seals.ts';
import { migration as availability } from './013-availability.ts';
import { migration as messageIds } from './014-message-ids.ts';
import { migration as logins } from './015-logins.ts';
import { migration as logLayout } from './016-log-layout.ts';
import { migration as sharedFolders } from './017-shared-folders.ts';
import { migration as dueRecipients } from './018-due-recipients.ts';
import { migration as pop3Scram } from './019-pop3-scram.ts';
import { migration as submissions } from './020-submissions.ts';
import { migration as moving } from './021-moving.ts';
import { migration as logChain } from './022-log-chain.ts';
import { migration as applicationScram } from './023-application-scram.ts';
import { migration as sharedWith } from './024-shared-with.ts';
import { migration as contentHeads } from './025-content-heads.ts';
import { migration as contentText } from './026-content-text.ts';
import { migration as logDays } from './027-log-days.ts';
import { migration as importFlags } from './028-import-flags.ts';
import { migration as readyTexts } from './029-ready-texts.ts';
import { migration as queueIds } from './030-queue-ids.ts';
import { migration as packedTrees } from './031-packed-trees.ts';

export const allMigrations: readonly Migration[] = [
  accounts,
  content,
  mailbox,
  messageLog,
  pecMessages,
  queue,
  infected,
  notificationReceived,
  signingChains,
  policies,
  closedMessages,
  logSeals,
  availability,
  messageIds,
  logins,
  logLayout,
  sharedFolders,
  dueRecipients,
  pop3Scram,
  submissions,
  moving,
  logChain,
  applicationScram,
  sharedWith,
  contentHeads,
  contentText,
  logDays,
  importFlags,
  readyTexts,
  queueIds,
  packedTrees,
];
