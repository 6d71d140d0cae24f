/** An engine that is not installed, does not start or is started already. The message says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}
