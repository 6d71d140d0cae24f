/** What goes wrong between us and a container runtime. */

/** A call that failed. `code` is the gRPC status (5 NOT_FOUND, 14 UNAVAILABLE, 4 DEADLINE_EXCEEDED, …). */
export class CriError extends Error {
  override readonly name = 'CriError';
  readonly method: string;
  readonly endpoint: string;
  readonly code: number | null;

  constructor(method: string, endpoint: string, cause: Error) {
    const { code, details } = cause as { code?: number; details?: string };
    super(`CRI ${method} at ${endpoint}: ${details ?? cause.message}`, { cause });
    this.method = method;
    this.endpoint = endpoint;
    this.code = code ?? null;
  }

  get notFound(): boolean {
    return this.code === 5;
  }

  /** The socket is not there, or nobody listens on it. */
  get unavailable(): boolean {
    return this.code === 14;
  }
}
