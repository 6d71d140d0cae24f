/**
 * Writes the Grafana dashboards in deploy/grafana out of scripts/dashboards. `npm run dashboards`; tests compare the two, ask a real
 * Prometheus each expression, and check the JSON against Grafana's own types.
 */
import { writeFileSync } from 'node:fs';
import { DASHBOARDS } from './dashboards/dashboards.ts';
import { fileOf, textOf } from './dashboards/json.ts';

for (const dashboard of DASHBOARDS)
  writeFileSync(new URL(`../deploy/grafana/${fileOf(dashboard)}`, import.meta.url), textOf(dashboard));
