export * from './flannel/conventions.ts';
export * from './flannel/net-conf.ts';
export * from './intended-path.ts';
export * from './plugin.ts';
export * from './recognise.ts';
