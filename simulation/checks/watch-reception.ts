/**
 * What a provider answers while it knows that the key of the signer is revoked, or, where a fresh list is required, has
 * none: 250 only for what it would have taken with any signature. Looked at where it happens, since afterwards nobody
 * can tell which list was in force.
 */
import { hasFreshList, knowsRevoked } from '../lists.ts';
import type { Wire } from '../network.ts';
import type { Serving, SimulatedProvider } from '../provider.ts';

type Codes = readonly { readonly code: number }[] | undefined;

/** To be called before the message is given to the provider; what it returns, with the answer. */
export function watchReception(to: SimulatedProvider, serving: Serving, wire: Wire): (answer: Codes) => void {
  const { world } = to;
  const nothing = () => undefined;
  // Who accepts ordinary mail also takes this, in an anomaly envelope.
  if (world.plan.lists === undefined || serving.parts.ordinaryMail === 'accept') return nothing;
  const signature = readSignature(wire.bytes);
  const signer = world.certificates().find((certificate) => signature.includes(certificate));
  if (signer === undefined) return nothing;
  const look = () => {
    const trust = serving.parts.trust();
    if (knowsRevoked(trust, signer)) return 'revoked';
    return world.plan.lists === 'required' && !hasFreshList(trust, to.clock()) ? 'unknown' : 'good';
  };
  const before = look();
  return (answer = []) => {
    const taken = answer.some(({ code }) => code < 400);
    if (before === 'revoked') {
      if (taken) world.report(to, 'something signed with a key that it knew as revoked was taken');
      else if (answer.length > 0) world.conditions.count('revocation: mail was refused');
    }
    if (before !== 'unknown' || look() !== 'unknown') return;
    if (taken) world.report(to, 'a signature was believed without the fresh list that is required');
    else if (answer.some(({ code }) => code === 451)) world.conditions.count('lists: mail waited for one');
  };
}

/** The signature around the whole message; empty when there is none. */
function readSignature(bytes: Uint8Array): Buffer {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const name = message.lastIndexOf('smime.p7s');
  const start = name < 0 ? -1 : message.indexOf('\r\n\r\n', name);
  if (start < 0) return Buffer.alloc(0);
  const end = message.indexOf('\r\n--', start);
  return Buffer.from(message.toString('latin1', start, end < 0 ? message.length : end), 'base64');
}
