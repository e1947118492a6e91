/** A relay whose every delivery fails as told: for tests of what the house does then. */
import type { Destination, OutgoingMessage, Relay, RelayResult } from './relay.ts';

export type FailingOutcome = Omit<RelayResult, 'recipient'>;

const OUT_OF_ORDER: FailingOutcome = {
  outcome: 'temporary',
  code: 0,
  enhanced: '4.4.1',
  text: 'The relay is out of order',
};

/** @param outcome what each recipient gets, or a function that says so */
export function createFailingRelay(
  outcome: FailingOutcome | ((recipient: string, destination: Destination) => FailingOutcome) = OUT_OF_ORDER,
): Relay {
  return {
    async deliver(message: OutgoingMessage, destination: Destination): Promise<readonly RelayResult[]> {
      return message.recipients.map((recipient) => ({
        recipient,
        ...(typeof outcome === 'function' ? outcome(recipient, destination) : outcome),
      }));
    },
    async close(): Promise<void> {},
  };
}
