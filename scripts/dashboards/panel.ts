/** What a dashboard is made of here: one panel is one line, told by the queries that panels share. */

/** Those of Grafana's units that are used. */
export type Unit = 'short' | 'cps' | 's' | 'bytes' | 'Bps' | 'percentunit';

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly kind: 'timeseries' | 'stat' | 'table' | 'bargauge';
  /** Expression and legend. */
  readonly targets: readonly (readonly [string, string])[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  /** Which variables are there to choose from. */
  readonly by: 'node' | 'pod' | 'cluster';
  readonly panels: readonly Panel[];
}

export const panel = (
  title: string,
  unit: Unit,
  targets: readonly (readonly [string, string])[],
  description = '',
  kind: Panel['kind'] = 'timeseries',
): Panel => ({ title, unit, targets, description, kind });

export const NODE = 'node=~"$node"';
export const POD = 'node=~"$node",namespace=~"$namespace",pod=~"$pod"';
export const PLACE = '{{node}} {{namespace}}/{{pod}}';
export const rate = (metric: string, of: string): string => `rate(netverdict_${metric}{${of}}[$__rate_interval])`;
export const byNode = (metric: string): string => `sum by (node) (${rate(metric, NODE)})`;
export const byPod = (metric: string): string => `sum by (node, namespace, pod) (${rate(metric, POD)})`;
export const quantile = (q: number, metric: string, by: string, of: string): string =>
  `histogram_quantile(${q}, sum by (${by}, le) (${rate(`${metric}_bucket`, of)}))`;
/** Median and 95th percentile. */
export const latency = (title: string, metric: string, description = ''): Panel =>
  panel(
    title,
    's',
    [
      [quantile(0.5, metric, 'node, namespace, pod', POD), `p50 ${PLACE}`],
      [quantile(0.95, metric, 'node, namespace, pod', POD), `p95 ${PLACE}`],
    ],
    description,
  );
export const anomalies = (kinds: string, of: string): string => rate('anomalies_total', `kind=~"${kinds}",${of}`);
