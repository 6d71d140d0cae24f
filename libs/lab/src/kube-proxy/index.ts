export * from './input.ts';
export * from './write-rules.ts';
