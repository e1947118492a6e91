/** Headers that every answer carries. Pages of this room run no script and load nothing from elsewhere. */
import { createHash } from 'node:crypto';

/** The one style sheet, inside the page; the policy lets in exactly these bytes. */
export const pageStyle =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#17324d}' +
  'h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;' +
  'border-bottom:1px solid #c2c7d0}.en{color:#5c6f82}';

const styleHash = createHash('sha256').update(pageStyle).digest('base64');

/** `strictTransport` is off in a sandbox: its host name is `localhost`, which other programs serve in plain HTTP. */
export function buildSecurityHeaders(strictTransport: boolean): Readonly<Record<string, string>> {
  return {
    'Content-Security-Policy':
      `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'none'; ` +
      "base-uri 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Cache-Control': 'no-store',
    ...(strictTransport ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  };
}
