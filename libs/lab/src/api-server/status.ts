/** Kubernetes' errors: a Status object and its HTTP code. */
import type { ResourceDefinition } from './resources.ts';

export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
  readonly code: number;
}

/** Thrown by handlers, caught by the server only. */
export class ApiError extends Error {
  readonly body: StatusBody;
  constructor(code: number, reason: string, message: string, details?: object) {
    super(message);
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

const details = (r: ResourceDefinition, name: string): object => ({
  name,
  ...(r.group === '' ? {} : { group: r.group }),
  kind: r.plural,
});
const qualified = (r: ResourceDefinition): string => (r.group === '' ? r.plural : `${r.plural}.${r.group}`);

export const notFound = (r: ResourceDefinition, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualified(r)} "${name}" not found`, details(r, name));
export const alreadyExists = (r: ResourceDefinition, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualified(r)} "${name}" already exists`, details(r, name));
export const conflict = (r: ResourceDefinition, name: string, why?: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(r)} "${name}": ${why ?? 'the object has been modified; please apply your changes to the latest version and try again'}`,
    details(r, name),
  );
export const invalid = (r: ResourceDefinition, name: string, why: string): ApiError =>
  new ApiError(
    422,
    'Invalid',
    `${r.kind}${r.group === '' ? '' : `.${r.group}`} "${name}" is invalid: ${why}`,
    details(r, name),
  );
export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);
export const unknownPath = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource');
export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');
export const expired = (asked: number, oldest: number): ApiError =>
  new ApiError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);
export const expiredContinue = (): ApiError =>
  new ApiError(410, 'Expired', 'The provided continue parameter is too old to display a consistent list result.');

export const success = (r: ResourceDefinition, name: string, uid: string): StatusBody => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: { ...details(r, name), uid },
  code: 200,
});
