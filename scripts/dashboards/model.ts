/**
 * Grafana's dashboard model as JSON: the types that Grafana Labs publishes (@grafana/grafana-foundation-sdk, generated from Grafana's own
 * schemas), joined where they leave a panel's options and its targets open. What does not fit them does not compile.
 */
import type * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type * as units from '@grafana/grafana-foundation-sdk/units';

/** An enum of text is its text in JSON; methods, by which the SDK tells its own builders' types, are not in JSON. */
type Json<T> = T extends string
  ? `${T}`
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [K in keyof T as NonNullable<T[K]> extends () => void ? never : K]: Json<T[K]> }
      : T;

type Unit = (typeof units)[keyof typeof units];

/** A panel fills in what its options do not tell: of those that are told, each must be whole. */
interface PanelOf<Kind extends string, Options>
  extends Omit<Json<dashboard.Panel>, 'type' | 'options' | 'targets' | 'fieldConfig'> {
  readonly type: Kind;
  readonly id: number;
  readonly title: string;
  readonly gridPos: Json<dashboard.GridPos>;
  readonly options: Partial<Json<Options>>;
  readonly targets: readonly (Json<prometheus.Dataquery> & { readonly refId: string })[];
  readonly fieldConfig: {
    readonly defaults: Omit<Json<dashboard.FieldConfig>, 'unit'> & { readonly unit: Unit };
    readonly overrides: Json<dashboard.FieldConfigSource['overrides']>;
  };
}

export type GrafanaPanel =
  | PanelOf<'timeseries', timeseries.Options>
  | PanelOf<'stat', stat.Options>
  | PanelOf<'table', table.Options>
  | PanelOf<'bargauge', bargauge.Options>;

export interface GrafanaDashboard extends Omit<Json<dashboard.Dashboard>, 'panels'> {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly GrafanaPanel[];
}
