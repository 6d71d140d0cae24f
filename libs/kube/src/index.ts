export * from './objects/index.ts';
export { buildView, type ProjectedObject, type ViewParts, viewOf } from './view/build-view.ts';
export * from './view/cluster-objects.ts';
export * from './watch/cluster-view.ts';
export { watchCluster } from './watch/watch-cluster.ts';
