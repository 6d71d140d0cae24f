/**
 * The Grafana dashboards in deploy/grafana against the types that Grafana Labs publishes: the compiler judges the JSON as it lies there, and
 * wrong panels to see that it does. (What their expressions ask is in prometheus.test.ts: a real Prometheus evaluates each.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../clients/cli/src/local/repository.ts';
import { DASHBOARDS } from '../../scripts/dashboards/dashboards.ts';
import { dashboardJson, fileOf, textOf } from '../../scripts/dashboards/json.ts';
import type { GrafanaDashboard, GrafanaPanel } from '../../scripts/dashboards/model.ts';

const DIR = join(repositoryRoot, 'deploy/grafana');
const [nodes] = DASHBOARDS;
if (nodes === undefined) throw new Error('no dashboard');

/** The dashboard of nodes with its second panel (lines over time) changed. */
const withPanel = (change: (panel: GrafanaPanel) => object): string => {
  const { panels, ...rest } = dashboardJson(nodes);
  return JSON.stringify({ ...rest, panels: panels.map((panel, i) => (i === 1 ? change(panel) : panel)) });
};
const withDashboard = (change: object): string => JSON.stringify({ ...dashboardJson(nodes), ...change });

/** What is wrong, and the name that the compiler must find it at. */
const WRONG: readonly (readonly [title: string, json: string, at: string])[] = [
  ['a kind of panel that is none of those used', withPanel((panel) => ({ ...panel, type: 'graph' })), 'type'],
  [
    'a unit that Grafana does not know',
    withPanel((panel) => ({ ...panel, fieldConfig: { defaults: { unit: 'counts/s' }, overrides: [] } })),
    'unit',
  ],
  [
    'a legend that stands where Grafana has no place for it',
    withPanel((panel) => ({
      ...panel,
      options: { legend: { showLegend: true, displayMode: 'table', placement: 'top', calcs: [] } },
    })),
    'placement',
  ],
  [
    'an option that this kind of panel has not',
    withPanel((panel) => ({ ...panel, options: { graphMode: 'area' } })),
    'graphMode',
  ],
  [
    'a target without an expression',
    withPanel((panel) => ({ ...panel, targets: [{ refId: 'A', query: 'up' }] })),
    'query',
  ],
  [
    'a place in the grid without a height',
    withPanel((panel) => ({ ...panel, gridPos: { x: 0, y: 0, w: 12 } })),
    'gridPos',
  ],
  ['a panel field that is misspelt', withPanel((panel) => ({ ...panel, titel: 'Anomalies' })), 'titel'],
  [
    'a variable of a type that there is not',
    withDashboard({ templating: { list: [{ name: 'node', type: 'list' }] } }),
    'type',
  ],
  ['a time without an end', withDashboard({ time: { from: 'now-1h' } }), 'time'],
];

/** Each text as the value of a typed constant, in one program: what is wrong with each, and the text that it is told of. */
function judge(texts: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const sources = new Map(
    [...texts].map(([name, json]) => [
      join(repositoryRoot, 'tests/integration', `${name}.ts`),
      `import type { GrafanaDashboard } from '../../scripts/dashboards/model.ts';\nexport const dashboard: GrafanaDashboard = ${json};\n`,
    ]),
  );
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const program = ts.createProgram([...sources.keys()], options, {
    ...disk,
    fileExists: (path) => sources.has(path) || disk.fileExists(path),
    readFile: (path) => sources.get(path) ?? disk.readFile(path),
    getSourceFile: (path, version, ...rest) => {
      const text = sources.get(path);
      return text === undefined ? disk.getSourceFile(path, version, ...rest) : ts.createSourceFile(path, text, version);
    },
  });
  return new Map(
    [...texts.keys()].map((name) => {
      const path = join(repositoryRoot, 'tests/integration', `${name}.ts`);
      const file = program.getSourceFile(path);
      if (file === undefined) throw new Error(`${name} is not in the program`);
      return [
        name,
        [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
          ({ start = 0, length = 0, messageText }) =>
            `${file.text.slice(start, start + length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
        ),
      ];
    }),
  );
}

it('the dashboards are those that scripts/generate-dashboards.ts writes', () => {
  expect(readdirSync(DIR).sort()).toEqual(DASHBOARDS.map(fileOf).sort());
  for (const dashboard of DASHBOARDS)
    expect(readFileSync(join(DIR, fileOf(dashboard)), 'utf8'), dashboard.title).toBe(textOf(dashboard));
});

describe("by Grafana's own types", () => {
  let found: ReadonlyMap<string, readonly string[]> = new Map();
  beforeAll(() => {
    found = judge(
      new Map([
        ...DASHBOARDS.map((one): [string, string] => [one.uid, readFileSync(join(DIR, fileOf(one)), 'utf8')]),
        ...WRONG.map(([, json], i): [string, string] => [`wrong-${i}`, json]),
      ]),
    );
  });

  it.each(DASHBOARDS.map(({ title, uid }) => [title, uid]))('%s is a dashboard', (_, uid) => {
    expect(found.get(uid)).toEqual([]);
  });

  it.each(WRONG.map(([title, , at], i) => [title, at, i] as const))('%s is found', (_, at, i) => {
    const [first = '', ...others] = found.get(`wrong-${i}`) ?? [];
    expect(first, others.join('\n')).toContain(at);
  });
});

it('beyond their types: unique names, panels that do not overlap, variables that are there', () => {
  expect(new Set(DASHBOARDS.map(({ uid }) => uid)).size).toBe(DASHBOARDS.length);
  for (const { uid, panels, templating } of DASHBOARDS.map((one): GrafanaDashboard => dashboardJson(one))) {
    expect(uid).toMatch(/^[a-z-]{1,40}$/);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x}/${y}`)).size).toBe(panels.length);
    const variables = new Set(['__rate_interval', ...(templating.list ?? []).map(({ name }) => name)]);
    for (const { gridPos, targets, datasource } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const text of [datasource?.uid ?? '', ...targets.map(({ expr }) => expr)])
        for (const [, used = ''] of text.matchAll(/\$\{?(\w+)/g)) expect(variables, text).toContain(used);
    }
  }
});
