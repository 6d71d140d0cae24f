export { type ApiClient, ApiClientError, apiClient, type ObjectRef } from './client.ts';
export * from './object.ts';
export { runningApiServer, spawnApiServer, stopApiServer } from './spawn.ts';
export { type ApiServer, type ApiServerInfo, type ApiServerOptions, startApiServer } from './start.ts';
