import { contentOf, integer, neededBy, or, orNone, path, url } from '../setting.ts';
import { BUS, databaseUrl, days, HEALTH, PROCESS, streamReplicas } from './common.ts';
import { SINKS } from './sinks.ts';

const DAY_MS = 24 * 3_600_000;
const ms = (name: `NETVERDICT_${string}`, about: string, usual: number) =>
  or(integer(name, `${about}, in ms`, { min: 100, max: 30 * DAY_MS }), String(usual));

/** What becomes of events; all have defaults. */
export const EVENTS = {
  quiet: ms('NETVERDICT_INCIDENT_QUIET_MS', 'after how long without an event an incident is quiet', 120_000),
  resolved: ms('NETVERDICT_INCIDENT_RESOLVED_MS', 'after how long quiet it is resolved', 30 * 60_000),
  peersApart: or(
    integer('NETVERDICT_INCIDENT_PEERS', 'how many peers have an incident each before they share one', {
      min: 1,
      max: 10_000,
    }),
    '50',
  ),
  keepEvents: or(days('NETVERDICT_KEEP_EVENTS_DAYS', 'for how many days events are kept'), '7'),
  keepFlows: or(days('NETVERDICT_KEEP_FLOWS_DAYS', 'for how many days flows are kept'), '7'),
  keepAccounting: or(days('NETVERDICT_KEEP_ACCOUNTING_DAYS', "for how many days the probes' accounts are kept"), '7'),
  keepIncidents: or(days('NETVERDICT_KEEP_INCIDENTS_DAYS', 'for how many days resolved incidents are kept'), '30'),
  batchLostAfter: ms('NETVERDICT_BATCH_LOST_AFTER_MS', 'after how long a batch that others overtook is lost', 600_000),
};

const apiUrl = orNone(
  url('NETVERDICT_API_URL', 'the api, which is asked about open incidents; none: they are not diagnosed', [
    'http',
    'https',
  ]),
);

/** How incidents are diagnosed. */
export const EXPLAIN = {
  apiUrl,
  apiToken: neededBy(
    orNone(contentOf('NETVERDICT_API_TOKEN_FILE', "file with the token that the api knows as eventproc's")),
    apiUrl,
  ),
  perMinute: or(
    integer('NETVERDICT_EXPLAIN_PER_MINUTE', 'questions of one cluster a minute, over all replicas', {
      min: 1,
      max: 6000,
    }),
    '30',
  ),
};

export const EVENTPROC = {
  ...PROCESS,
  ...HEALTH,
  natsUrl: BUS.natsUrl,
  nkeyFile: path('NETVERDICT_NATS_NKEY_FILE', "file with this service's nkey seed"),
  streamReplicas,
  databaseUrl,
  ...EVENTS,
  ...EXPLAIN,
  ...SINKS,
};
