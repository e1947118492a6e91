/** The Authentication-Results field (RFC 8601): what was found out about where a message comes from. */

/** Result words of RFC 8601 §2.7: `pass`, `fail`, `none`, `temperror` … */
export interface OriginResult {
  readonly result: string;
  /** The domain it is about; empty when there is none. */
  readonly domain: string;
}

export interface DkimResult extends OriginResult {
  readonly selector: string;
}

export interface DmarcResult extends OriginResult {
  /** What the domain's owner asks for: `none`, `quarantine`, `reject`; empty when nothing is published. */
  readonly policy: string;
}

/** Plain JSON, for the log. */
export interface OriginResults {
  readonly spf: OriginResult;
  /** One for each signature. */
  readonly dkim: readonly DkimResult[];
  readonly dmarc: DmarcResult;
}

/**
 * The whole field, folded, with its final CRLF.
 *
 * @param host names who says so (authserv-id)
 */
export function writeAuthenticationResults(host: string, { spf, dkim, dmarc }: OriginResults): string {
  const rows = [
    writeRow('spf', spf.result, [['smtp.mailfrom', spf.domain]]),
    ...(dkim.length === 0 ? ['dkim=none'] : dkim.map(writeDkim)),
    writeRow('dmarc', dmarc.result, [
      ['header.from', dmarc.domain],
      ['policy.dmarc', dmarc.policy],
    ]),
  ];
  return `Authentication-Results: ${[host, ...rows].join(';\r\n\t')}\r\n`;
}

function writeDkim({ result, domain, selector }: DkimResult): string {
  return writeRow('dkim', result, [
    ['header.d', domain],
    ['header.s', selector],
  ]);
}

/** Values come from a stranger's message and DNS: what is no plain word is left out. */
function writeRow(
  method: string,
  result: string,
  properties: readonly (readonly [string, string])[],
): string {
  const told = properties.filter(([, value]) => isPlain(value)).map(([name, value]) => ` ${name}=${value}`);
  return `${method}=${isPlain(result) ? result : 'permerror'}${told.join('')}`;
}

function isPlain(value: string): boolean {
  return /^[A-Za-z0-9._+-]{1,253}$/.test(value);
}
