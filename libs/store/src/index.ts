export { NOTIFY_CHANNEL, type NotificationHandlers, type Notifications } from './notifications.ts';
export * from './queries/agents.ts';
export * from './queries/diagnoses.ts';
export * from './queries/events.ts';
export * from './queries/progress.ts';
export * from './queries/webhooks.ts';
export { type DeliveryState, FINAL_RANK, isFinal, STATUS_RANK, type StoredProblem } from './schema.ts';
export * from './store.ts';
export * from './unavailable.ts';
