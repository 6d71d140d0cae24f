/** What the probes of an agent are to do. Sent whenever an agent's heartbeat tells that it runs another version. */
import Type, { type Static } from 'typebox';

/** Which events a probe looks at; what is not named is not filtered. All conditions hold together. */
export const ProbeFilter = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 49,
        description: 'address or prefix of either end',
        examples: ['10.244.0.0/16', 'fd00::/64'],
      }),
    ),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description: 'port of either end' })),
    protocol: Type.Optional(
      Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('icmp'), Type.Literal('icmpv6')]),
    ),
    netns: Type.Optional(Type.Integer({ minimum: 1, maximum: 4294967295, description: "network namespace's inode" })),
    exclude: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Z][A-Z0-9_]*$', maxLength: 64 }), {
        maxItems: 64,
        description: "reasons that are not looked at, by the kernel's names; they replace those left out by default",
        examples: [['NETFILTER_DROP', 'NO_SOCKET']],
      }),
    ),
  },
  { additionalProperties: false },
);
export type ProbeFilter = Static<typeof ProbeFilter>;

/** What is not named is as the probe has it by default. */
export const ProbeSettings = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean()),
    threshold: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 3_600_000_000, description: 'what is below is not an event' }),
    ),
    samples: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1000, description: 'events told in full per key and second' }),
    ),
    oneIn: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'one of so many events is looked at, by chance' }),
    ),
    filter: Type.Optional(ProbeFilter),
  },
  { additionalProperties: false },
);
export type ProbeSettings = Static<typeof ProbeSettings>;

export const ProbeSettingsByName = Type.Record(Type.String(), ProbeSettings);
export type ProbeSettingsByName = Static<typeof ProbeSettingsByName>;

/** All that is set for one node: what is not named in it is as it is by default. */
export const AgentConfiguration = Type.Object({
  /** Of the cluster's configuration; 0: nothing was ever set. */
  version: Type.Integer({ minimum: 0 }),
  probes: ProbeSettingsByName,
});
export type AgentConfiguration = Static<typeof AgentConfiguration>;

/** In a heartbeat: what the agent was told last, and what of it could not be done here. */
export const ConfigurationReport = Type.Object({
  version: Type.Integer({ minimum: 0 }),
  problems: Type.Array(Type.Object({ probe: Type.String(), setting: Type.String(), problem: Type.String() })),
});
export type ConfigurationReport = Static<typeof ConfigurationReport>;

/** In a heartbeat: what agent and sidecar use of what they may. */
export const BudgetReport = Type.Object({
  /** Of one core, of agent, helper and sidecar together with the time that their programs take in the kernel where that can be told. */
  cpuPercent: Type.Number({ minimum: 0 }),
  cpuLimitPercent: Type.Number({ minimum: 0 }),
  memoryBytes: Type.Integer({ minimum: 0 }),
  memoryLimitBytes: Type.Integer({ minimum: 0 }),
  /** What was taken back to stay within it, the last first; empty: nothing. */
  measures: Type.Array(
    Type.Object({
      probe: Type.String(),
      /** Present: one of so many events is looked at. Absent: the probe is off. */
      oneIn: Type.Optional(Type.Integer({ minimum: 2 })),
      since: Type.String({ format: 'date-time' }),
    }),
  ),
});
export type BudgetReport = Static<typeof BudgetReport>;
