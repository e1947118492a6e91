/**
 * What both ends of a TLS connection know and nobody between them: tls-exporter (RFC 9266) and
 * tls-server-end-point (RFC 5929).
 */
import { createHash, X509Certificate } from 'node:crypto';

/** The bytes of each type that the connection has. */
export type ChannelBindings = ReadonlyMap<string, Uint8Array>;

/** What is needed of a TLS connection. */
export interface BoundChannel {
  getProtocol(): string | null;
  exportKeyingMaterial(length: number, label: string, context: Buffer): Buffer;
  /** The certificate this end has shown. */
  getCertificate(): object | null;
}

export function readChannelBindings(channel: BoundChannel): ChannelBindings {
  const bindings = new Map<string, Uint8Array>();
  // RFC 9266 §4.2: before TLS 1.3 only with the extended master secret, which we are not told of.
  if (channel.getProtocol() === 'TLSv1.3') {
    bindings.set(
      'tls-exporter',
      channel.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
    );
  }
  const shown = channel.getCertificate();
  const raw = shown !== null && 'raw' in shown ? shown.raw : undefined;
  const endPoint = raw instanceof Uint8Array ? hashCertificate(raw) : undefined;
  if (endPoint !== undefined) bindings.set('tls-server-end-point', endPoint);
  return bindings;
}

/** RFC 5929 §4.1: by the hash of the certificate's own signature, SHA-256 instead of MD5 and SHA-1. */
function hashCertificate(der: Uint8Array): Uint8Array | undefined {
  const algorithm = new X509Certificate(der).signatureAlgorithm ?? '';
  const name = /(md5|sha-?1|sha-?256|sha-?384|sha-?512)/i
    .exec(algorithm)?.[1]
    ?.toLowerCase()
    .replace('-', '');
  if (name === undefined) return undefined;
  return createHash(name === 'md5' || name === 'sha1' ? 'sha256' : name)
    .update(der)
    .digest();
}
