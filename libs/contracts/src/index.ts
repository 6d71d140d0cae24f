export * from './catalog.ts';
export * from './envelope.ts';
export * from './messages/collection.ts';
export * from './messages/diagnosis.ts';
export * from './messages/events.ts';
export * from './request.ts';
export * from './rest/index.ts';
export * from './subjects.ts';
