/**
 * Who may say and hear what on the bus: one NATS user per service and per node, each with its own inbox prefix.
 * libs/embedded writes nats-server's configuration from it; deploy/ writes the chart's from the same data.
 */
import { CATALOG, type MessageName } from './catalog.ts';
import { subjectToken } from './subjects.ts';

export type BusUser =
  | { readonly role: 'api' | 'simulator' | 'eventproc' }
  | { readonly role: 'topology'; readonly cluster: string }
  | { readonly role: 'agent'; readonly cluster: string; readonly node: string };

export type BusRole = BusUser['role'];

/** Stored streams besides the catalog's: sections of snapshots, and what could not be handled. */
export const SECTIONS_STREAM = 'SECTIONS';
export const DEADLETTER_STREAM = 'DEADLETTER';
/** Packets that the agents captured, for a day; each node writes its own, only the api reads. */
export const CAPTURES_STREAM = 'CAPTURES';

/** `api`, `topology.prod`, `agent.prod.node-1`: one spelling for the user, its key file and its inbox. */
export function busUserName(user: BusUser): string {
  switch (user.role) {
    case 'api':
    case 'simulator':
    case 'eventproc':
      return user.role;
    case 'topology':
      return `topology.${subjectToken(user.cluster)}`;
    case 'agent':
      return `agent.${subjectToken(user.cluster)}.${subjectToken(user.node)}`;
  }
}

export const inboxPrefix = (user: BusUser): string => `_INBOX.${busUserName(user)}`;

/** A durable consumer belongs to a user and a message; JetStream forbids dots in its name. */
export const durableName = (user: BusUser, message: MessageName): string =>
  `${busUserName(user).replaceAll('.', '_')}-${message}`;

/** The cluster of a service that serves all of them. */
export const EVERY_CLUSTER = '*';

/** The catalog's pattern for one cluster and one node or service in it; `null` is every one. */
export const subjectOf = (message: MessageName, cluster: string | null, member: string | null = null): string =>
  CATALOG[message].subject
    .replace('<cluster>', cluster === null ? '*' : subjectToken(cluster))
    .replace(/<node>|<service>/, member === null ? '*' : subjectToken(member));

export const sectionsSubject = (cluster: string, digest: string, part: number): string =>
  `sections.${subjectToken(cluster)}.${subjectToken(digest)}.${part}`;

/** `captures.<cluster>.<node>.<capture>.<slot>.<part>` and `captures.<cluster>.<node>.<capture>.status`. */
export const captureSubject = (cluster: string, node: string, captureId: string, ...rest: readonly string[]): string =>
  ['captures', subjectToken(cluster), subjectToken(node), subjectToken(captureId), ...rest].join('.');

/** The stored messages that a role consumes. */
export const CONSUMED: Readonly<Record<BusRole, readonly MessageName[]>> = {
  api: ['verdict', 'diagnosis-failed'],
  topology: ['diagnosis-requested', 'collection-needed', 'probe-needed'],
  simulator: ['path-built'],
  eventproc: ['anomaly-batch', 'address-map'],
  agent: [],
};

/** The streams that a role creates when they are missing. Agents create none: a node must not shape the bus. */
export const MANAGED: Readonly<Record<BusRole, readonly string[]>> = {
  api: ['DIAGNOSIS', SECTIONS_STREAM, CAPTURES_STREAM, DEADLETTER_STREAM],
  topology: ['DIAGNOSIS', SECTIONS_STREAM, DEADLETTER_STREAM],
  simulator: ['DIAGNOSIS', SECTIONS_STREAM, DEADLETTER_STREAM],
  eventproc: ['EVENTS', DEADLETTER_STREAM],
  agent: [],
};

export interface BusPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Answers to requests: how many to one request, and for how long. */
  readonly responses: { readonly max: number; readonly ttlMs: number } | null;
}

const manage = (stream: string): string[] =>
  ['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`);

function consume(user: BusUser, message: MessageName): string[] {
  const { stream } = CATALOG[message];
  if (stream === null) return [];
  const durable = durableName(user, message);
  const cluster = user.role === 'topology' ? user.cluster : null;
  return [
    `$JS.API.CONSUMER.CREATE.${stream}.${durable}.${subjectOf(message, cluster)}`,
    `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
    `$JS.ACK.${stream}.${durable}.>`,
    `deadletter.${stream}`,
  ];
}

/** Reading them, removing them, and sending their messages once more: to the stored messages' own subjects, nothing else (ADR 25). */
const careForDeadLetters = (): string[] => [
  `$JS.API.STREAM.MSG.GET.${DEADLETTER_STREAM}`,
  `$JS.API.STREAM.MSG.DELETE.${DEADLETTER_STREAM}`,
  ...Object.values(CONSUMED).flatMap((messages) => messages.map((message) => subjectOf(message, null))),
];

const readSections = `$JS.API.DIRECT.GET.${SECTIONS_STREAM}.sections`;

/** @returns NATS subjects, exact: whatever is not listed is refused by the server. */
export function busPermissions(user: BusUser): BusPermissions {
  const inbox = `${inboxPrefix(user)}.>`;
  const streams = [
    ...MANAGED[user.role].flatMap(manage),
    ...new Set(CONSUMED[user.role].flatMap((message) => consume(user, message))),
  ];
  switch (user.role) {
    case 'api':
      return {
        publish: [
          ...streams,
          subjectOf('diagnosis-requested', null),
          subjectOf('agent-configuration', null),
          `${readSections}.>`,
          subjectOf('locate', null),
          subjectOf('capture', null),
          // Ping meshes.
          subjectOf('probe', null),
          subjectOf('service-heartbeat', EVERY_CLUSTER, 'api'),
          `$JS.API.DIRECT.GET.${CAPTURES_STREAM}.captures.>`,
          `$JS.API.STREAM.PURGE.${CAPTURES_STREAM}`,
          ...careForDeadLetters(),
        ],
        subscribe: [
          inbox,
          subjectOf('diagnosis-progress', null),
          // They tell which configuration an agent runs: one that runs another is told again.
          subjectOf('agent-heartbeat', null),
          subjectOf('service-heartbeat', null),
        ],
        responses: null,
      };
    case 'topology': {
      const own = subjectToken(user.cluster);
      return {
        publish: [
          ...streams,
          subjectOf('path-built', user.cluster),
          subjectOf('diagnosis-failed', user.cluster),
          subjectOf('diagnosis-progress', user.cluster),
          subjectOf('collect', user.cluster),
          subjectOf('address-map', user.cluster),
          subjectOf('probe', user.cluster),
          subjectOf('follow', user.cluster),
          subjectOf('measure', user.cluster),
          // With what the probe found.
          subjectOf('verdict', user.cluster),
          subjectOf('service-heartbeat', user.cluster, 'topology'),
          `sections.${own}.>`,
          `${readSections}.${own}.>`,
        ],
        subscribe: [inbox, subjectOf('agent-heartbeat', user.cluster), subjectOf('locate', user.cluster)],
        responses: { max: 10, ttlMs: 10_000 },
      };
    }
    case 'simulator':
      return {
        publish: [
          ...streams,
          subjectOf('verdict', null),
          subjectOf('probe-needed', null),
          subjectOf('collection-needed', null),
          subjectOf('diagnosis-failed', null),
          subjectOf('diagnosis-progress', null),
          subjectOf('service-heartbeat', EVERY_CLUSTER, 'simulator'),
          `${readSections}.>`,
        ],
        subscribe: [inbox],
        responses: null,
      };
    case 'eventproc':
      return {
        // An incident can itself request a diagnosis (ARCHITECTURE.md), through the api's REST, not from here.
        publish: [...streams, subjectOf('service-heartbeat', EVERY_CLUSTER, 'eventproc')],
        subscribe: [inbox, subjectOf('agent-heartbeat', null)],
        responses: null,
      };
    case 'agent':
      return {
        publish: [
          subjectOf('anomaly-batch', user.cluster, user.node),
          subjectOf('agent-heartbeat', user.cluster, user.node),
          `captures.${subjectToken(user.cluster)}.${subjectToken(user.node)}.>`,
        ],
        subscribe: [
          inbox,
          subjectOf('collect', user.cluster, user.node),
          subjectOf('agent-configuration', user.cluster, user.node),
          subjectOf('probe', user.cluster, user.node),
          subjectOf('follow', user.cluster, user.node),
          subjectOf('measure', user.cluster, user.node),
          subjectOf('capture', user.cluster, user.node),
        ],
        responses: { max: 100_000, ttlMs: 120_000 },
      };
  }
}
