/** The kinds of value that settings are made of, each with its check and a message that says what to write. */
import { isIP } from 'node:net';
import { z } from 'zod';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const domainPattern = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})+$`);
const hostPattern = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`);

/** Text for people, one line, without control characters. */
export function plainText(description: string) {
  return z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(200, 'use at most 200 characters')
    .regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters')
    .describe(description);
}

/** A mail domain in lower case, A-label form. */
export function domainName(description: string) {
  return z
    .string()
    .toLowerCase()
    .regex(domainPattern, 'write a domain such as "example.it" (accented domains in their xn-- form)')
    .describe(description);
}

/** A host name or a literal IP address. */
export function hostName(description: string) {
  return z
    .string()
    .toLowerCase()
    .refine((host) => hostPattern.test(host) || isIP(host) !== 0, 'write a host name or an IP address')
    .describe(description);
}

/** A host name or an address, with or without a port; an IPv6 address with a port stands in brackets. */
export function serverAddress(description: string) {
  return z
    .string()
    .toLowerCase()
    .refine((text) => parseServerAddress(text) !== undefined, 'write a host, or host:port')
    .describe(description);
}

/** `host`, `host:port`, `[v6]:port`; undefined for anything else. */
export function parseServerAddress(
  text: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const isHost = (host: string) => hostPattern.test(host) || isIP(host) !== 0;
  if (isHost(text)) return { host: text, port: undefined };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  return isHost(host) && port > 0 && port < 65_536 ? { host, port } : undefined;
}

/** An address such as `ricevute@example.it`. */
export function mailAddress(description: string) {
  return z
    .string()
    .refine((text) => {
      const [local = '', domain = '', ...rest] = text.split('@');
      return (
        rest.length === 0 && /^[a-z0-9._-]{1,64}$/i.test(local) && domainPattern.test(domain.toLowerCase())
      );
    }, 'write an address such as "ricevute@example.it"')
    .describe(description);
}

/** A path; the loader makes it absolute, counting from the folder of the configuration file. */
export function filePath(description: string) {
  return z.string().min(1, 'must not be empty').meta({ description, path: true });
}

export function absoluteUrl(protocol: 'https:', description: string) {
  return z
    .string()
    .refine(
      (text) => URL.canParse(text) && new URL(text).protocol === protocol,
      `write a ${protocol}// address`,
    )
    .describe(description);
}

export function wholeNumber(min: number, max: number, preset: number, description: string) {
  return z.number().int().min(min).max(max).default(preset).describe(description);
}

/** A whole number from 1, or null for no limit, which is the default. */
export function optionalCount(description: string) {
  return z.number().int().min(1).max(1_000_000_000).nullable().default(null).describe(description);
}

/** `{ address, port }` or null; `port` null in the call means off by default. Port 0 lets the system choose. */
export function listener(port: number | null, description: string) {
  const place = z.strictObject({
    address: z
      .string()
      .refine((address) => isIP(address) !== 0, 'write an IP address; "::" is all IPv4 and IPv6 addresses')
      .default('::'),
    port: z.number().int().min(0).max(65_535),
  });
  return place
    .nullable()
    .default(port === null ? null : { address: '::', port })
    .describe(description);
}
