/** A dashboard of ours as Grafana's JSON. */
import type { GrafanaDashboard, GrafanaPanel } from './model.ts';
import type { Dashboard, Panel } from './panel.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the dashboard, filled in by Grafana
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

const variable = (name: string, query: string) =>
  ({
    name,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: `variable-${name}` },
    definition: query,
    refresh: 2,
    multi: true,
    includeAll: true,
    // Rows of the node itself have no pod: `.*` takes them too.
    allValue: '.*',
    sort: 1,
    current: { selected: true, text: ['All'], value: ['$__all'] },
  }) as const;

const VARIABLES: Readonly<Record<Dashboard['by'], readonly ReturnType<typeof variable>[]>> = {
  cluster: [],
  node: [variable('node', 'label_values(netverdict_watch_up, node)')],
  pod: [
    variable('node', 'label_values(netverdict_watch_up, node)'),
    variable('namespace', 'label_values(netverdict_pod_info{node=~"$node"}, namespace)'),
    variable('pod', 'label_values(netverdict_pod_info{node=~"$node",namespace=~"$namespace"}, pod)'),
  ],
};

const WIDTH = 12;
const HEIGHT = 8;

function panelJson({ title, description, unit, kind, targets }: Panel, i: number): GrafanaPanel {
  const common = {
    id: i + 1,
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { h: HEIGHT, w: WIDTH, x: (i % 2) * WIDTH, y: Math.floor(i / 2) * HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: targets.map(([expr, legendFormat], j) => ({
      refId: String.fromCharCode(65 + j),
      datasource: DATASOURCE,
      expr,
      legendFormat: legendFormat === '' ? '__auto' : legendFormat,
      ...(kind === 'timeseries' ? { range: true, instant: false } : { range: false, instant: true }),
      ...(kind === 'table' ? { format: 'table' as const } : {}),
    })),
  };
  return kind === 'timeseries'
    ? {
        type: kind,
        ...common,
        options: {
          legend: { showLegend: true, displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
      }
    : { type: kind, ...common, options: {} };
}

/** Grafana's dashboard model, schema version 39: later ones are migrated to when it is loaded. */
export const dashboardJson = ({ uid, title, by, panels }: Dashboard): GrafanaDashboard => ({
  uid,
  title,
  tags: ['netverdict'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  time: { from: 'now-1h', to: 'now' },
  refresh: '30s',
  timezone: 'browser',
  templating: {
    list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }, ...VARIABLES[by]],
  },
  links: [
    {
      type: 'dashboards',
      title: 'Netverdict',
      icon: 'external link',
      tooltip: 'The other dashboards of Netverdict',
      tags: ['netverdict'],
      asDropdown: true,
      targetBlank: false,
      includeVars: true,
      keepTime: true,
    },
  ],
  annotations: { list: [] },
  panels: panels.map(panelJson),
});

export const fileOf = ({ uid }: Dashboard): string => `${uid}.json`;
export const textOf = (dashboard: Dashboard): string => `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`;
