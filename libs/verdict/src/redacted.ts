/** What stands where a reader may not see something: the answer stands, names and addresses of others do not. */

/** In place of a name, an address, a rule… */
export const REDACTED = '[redacted]';

/** `other-namespace`: it lies in a namespace that the reader may not see. `parts`: it may be seen, but names others, which are left out. */
export type Redaction = 'other-namespace' | 'parts';
