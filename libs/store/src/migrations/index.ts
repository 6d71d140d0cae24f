/** All migrations by name, in order. A migration that was released is never changed: a new one follows it. */
import type { Migration } from 'kysely/migration';
import { initial } from './0001-initial.ts';
import { compressedResult } from './0002-compressed-result.ts';
import { monitoring } from './0003-monitoring.ts';
import { agentConfiguration } from './0004-agent-configuration.ts';
import { arrivals } from './0005-arrivals.ts';
import { flowsBothWays } from './0006-flows-both-ways.ts';
import { captures } from './0007-captures.ts';
import { pingMeshes } from './0008-ping-meshes.ts';
import { causesOfIncidents } from './0009-causes-of-incidents.ts';
import { webhooks } from './0012-webhooks.ts';
import { tokens } from './0013-tokens.ts';
import { whatAskersSee } from './0014-what-askers-see.ts';
import { batches } from './0015-batches.ts';
import { schedules } from './0016-schedules.ts';

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-compressed-result': compressedResult,
  '0003-monitoring': monitoring,
  '0004-agent-configuration': agentConfiguration,
  '0005-arrivals': arrivals,
  '0006-flows-both-ways': flowsBothWays,
  '0007-captures': captures,
  '0008-ping-meshes': pingMeshes,
  '0009-causes-of-incidents': causesOfIncidents,
  '0012-webhooks': webhooks,
  '0013-tokens': tokens,
  '0014-what-askers-see': whatAskersSee,
  '0015-batches': batches,
  '0016-schedules': schedules,
};
