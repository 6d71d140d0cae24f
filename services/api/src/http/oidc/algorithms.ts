/** How tokens of an issuer may be signed: by public keys only, so that nobody signs with a key that everybody may read. */
export const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** @throws Error */
export function algorithms(names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => !ALGORITHMS.includes(name));
  if (wrong !== undefined || names.length === 0)
    throw new Error(`must name some of ${ALGORITHMS.join(', ')}${wrong === undefined ? '' : `, not "${wrong}"`}`);
  return names;
}
