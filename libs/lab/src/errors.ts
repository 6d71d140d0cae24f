/** An expected failure of the lab: bad arguments, a tool that refused, something missing on the machine. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
