/** What a probe is to do, as the sidecar's commands (native/watch/README.md). Pure. */
import type { ProbeFilter, ProbeSettings } from '@netverdict/contracts';

export interface Command {
  /** As the configuration calls it, for messages. */
  readonly setting: string;
  readonly text: string;
}

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 } as const;

function filterCommands(probe: string, filter: ProbeFilter): Command[] {
  const set = (setting: keyof ProbeFilter, value: string | number): Command => ({
    setting: `filter.${setting}`,
    text: `set ${probe} ${setting} ${value}`,
  });
  const { address, port, protocol, netns, exclude } = filter;
  return [
    ...(address === undefined ? [] : [set('address', address)]),
    ...(port === undefined ? [] : [set('port', port)]),
    ...(protocol === undefined ? [] : [set('protocol', PROTOCOLS[protocol])]),
    ...(netns === undefined ? [] : [set('netns', netns)]),
    ...(exclude === undefined ? [] : [set('exclude', exclude.length === 0 ? 'none' : exclude.join(','))]),
  ];
}

/** From whatever it did before: everything is as it is by default first. */
export function commandsFor(probe: string, settings: ProbeSettings, onByDefault: boolean): Command[] {
  const { enabled = onByDefault, threshold, samples, oneIn, filter = {} } = settings;
  return [
    { setting: 'defaults', text: `reset ${probe}` },
    ...(threshold === undefined ? [] : [{ setting: 'threshold', text: `set ${probe} threshold ${threshold}` }]),
    ...(samples === undefined ? [] : [{ setting: 'samples', text: `set ${probe} samples ${samples}` }]),
    ...(oneIn === undefined ? [] : [{ setting: 'oneIn', text: `set ${probe} one-in ${oneIn}` }]),
    ...filterCommands(probe, filter),
    { setting: 'enabled', text: `${enabled ? 'on' : 'off'} ${probe}` },
  ];
}

/** `10.0.0.0/8 port 80 tcp without NO_SOCKET`, for people; null: everything. */
export function filterText({ address, port, protocol, netns, exclude }: ProbeFilter): string | null {
  const words = [
    ...(address === undefined ? [] : [address]),
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(protocol === undefined ? [] : [protocol]),
    ...(netns === undefined ? [] : [`namespace ${netns}`]),
    ...(exclude === undefined || exclude.length === 0 ? [] : [`without ${exclude.join(', ')}`]),
  ];
  return words.length === 0 ? null : words.join(' ');
}
