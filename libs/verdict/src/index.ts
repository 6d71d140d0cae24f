export * from './findings/finding.ts';
export * from './findings/registry.ts';
export * from './probe.ts';
export * from './redacted.ts';
export * from './render/index.ts';
export * from './trace/disposition.ts';
export * from './trace/trace.ts';
export * from './verdict.ts';
