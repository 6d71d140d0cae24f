/** What several services are told. */
import { integer, listen, oneOf, or, orNone, path, secretUrl, text, urls } from '../setting.ts';

export const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every service. */
export const PROCESS = {
  logLevel: or(oneOf('NETVERDICT_LOG_LEVEL', 'the least that is logged', LEVELS), 'info'),
};

/** Where health and metrics are served by those that have no other server; `off` is nowhere. */
export const HEALTH = {
  healthListen: orNone({
    ...listen('NETVERDICT_HEALTH_LISTEN', 'where /healthz, /readyz and /metrics are served; off: nowhere'),
    form: 'host:port, [v6]:port, :port or off',
    parse: (given: string) =>
      given === 'off' ? ('off' as const) : listen('NETVERDICT_HEALTH_LISTEN', '').parse(given),
  }),
};

export const BUS = {
  natsUrl: urls('NETVERDICT_NATS_URL', 'the NATS server, or those of a cluster', ['nats', 'tls']),
  nkeyFile: orNone(path('NETVERDICT_NATS_NKEY_FILE', "file with this service's nkey seed")),
};

/** Of whoever makes streams: all services of an installation are told the same. */
export const streamReplicas = or(
  integer('NETVERDICT_STREAM_REPLICAS', 'on how many servers of the NATS cluster each stream is kept', {
    min: 1,
    max: 5,
  }),
  '1',
);

export const cluster = or(
  text('NETVERDICT_CLUSTER', 'name of the cluster, as diagnoses and subjects have it'),
  'default',
);

export const databaseUrl = secretUrl('NETVERDICT_DATABASE_URL', 'postgres://user:password@host:port/database', [
  'postgres',
  'postgresql',
]);

export const days = (name: `NETVERDICT_${string}`, about: string) => integer(name, about, { min: 1, max: 3650 });
