export * from './finding-text.ts';
export * from './fraction.ts';
export * from './labels.ts';
export * from './paint.ts';
export * from './path.ts';
export * from './report.ts';
export * from './steps.ts';
export * from './summary.ts';
