export * from './object.ts';
export * from './start.ts';
