/** Settings about how long things are kept, and what is kept for searches. */
import { z } from 'zod';
import { wholeNumber } from './types.ts';

export const retention = z
  .strictObject({
    logMonths: wholeNumber(
      30,
      1200,
      30,
      'How long what belongs to the message log is kept; the law asks for 30 months.',
    ),
    infectedMonths: wholeNumber(
      30,
      1200,
      30,
      'How long messages with a virus are kept; the law asks for 30 months.',
    ),
    envelopeDays: wholeNumber(
      2,
      3650,
      30,
      'How long the transport envelope of a finished message is kept beside the copies in mailboxes: a complete receipt can be written again from it.',
    ),
    removedMailboxDays: wholeNumber(0, 3650, 30, 'How long the messages of a removed mailbox are kept.'),
  })
  .prefault({})
  .describe('How long things are kept.');

export const search = z
  .strictObject({
    fullText: z
      .boolean()
      .default(true)
      .describe(
        'Keeps a full text index, so that searches for text need not read every message; it is made in the background. Answers are the same without it.',
      ),
  })
  .prefault({})
  .describe('How messages are searched.');
