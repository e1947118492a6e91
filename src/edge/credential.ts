/** With what a login proved itself, as the diagnostics tell it: an operator must find the device that misbehaves. */
export interface ProvedBy {
  /** A part of what the accounts room gives. */
  readonly credential?: { readonly kind: string; readonly id?: number };
}

/** The number of the application password, as `pec mailbox app-password list` has it; nothing for the own password. */
export function describeCredential({ credential }: ProvedBy): { readonly applicationPassword?: number } {
  return credential?.id === undefined ? {} : { applicationPassword: credential.id };
}
