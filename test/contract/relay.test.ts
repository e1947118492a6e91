import { createFailingRelay } from '../../src/relay/fail.ts';
import { relayTo } from '../support/relays.ts';
import { startRealPeer, startScriptedPeer } from '../support/smtp-peers.ts';
import { checkRelayContract } from './relay-contract.ts';

checkRelayContract(
  'SMTP to a scripted peer',
  async () => {
    const peer = await startScriptedPeer();
    return { relay: relayTo(peer.port), stop: () => peer.close() };
  },
  'delivered',
);

checkRelayContract(
  'SMTP to smtp-server',
  async () => {
    const peer = await startRealPeer({ hideSTARTTLS: true });
    return { relay: relayTo(peer.port), stop: () => peer.close() };
  },
  'delivered',
);

checkRelayContract(
  'SMTP to nobody',
  async () => {
    const peer = await startScriptedPeer();
    await peer.close();
    return { relay: relayTo(peer.port), stop: async () => undefined };
  },
  'temporary',
);

const nothing = async () => undefined;
checkRelayContract(
  'failing for now',
  async () => ({ relay: createFailingRelay(), stop: nothing }),
  'temporary',
);

const refusal = { outcome: 'permanent', code: 550, enhanced: '5.1.1', text: 'No such mailbox' } as const;
checkRelayContract(
  'failing for good',
  async () => ({ relay: createFailingRelay(refusal), stop: nothing }),
  'permanent',
);
