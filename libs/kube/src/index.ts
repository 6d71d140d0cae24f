export * from './objects/index.ts';
export * from './view/cluster-objects.ts';
export * from './watch/cluster-view.ts';
