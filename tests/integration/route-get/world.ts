/** A random namespace to route in, as lines for `ip -batch`, and questions to ask of it. What the kernel does not take is left out. */
export type Random = (below: number) => number;

/** mulberry32: the same numbers from the same seed anywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export interface RouteWorld {
  readonly sysctls: readonly string[];
  readonly lines: readonly string[];
  readonly questions: readonly Question[];
}

export interface Question {
  readonly family: 'ipv4' | 'ipv6';
  readonly destination: string;
  readonly source: string | null;
  readonly iif: string | null;
  readonly oif: string | null;
  readonly mark: number;
  readonly tos: number;
  readonly protocol: 'tcp' | 'udp' | null;
  readonly sport: number;
  readonly dport: number;
  readonly uid: number;
}

const DEVICES = ['v0', 'v1', 'v2', 'v3'] as const;

export function routeWorld(random: Random, questions: number): RouteWorld {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const chance = (percent: number): boolean => random(100) < percent;
  const some = (percent: number, text: () => string): string => (chance(percent) ? ` ${text()}` : '');
  const address = (v6: boolean): string =>
    v6
      ? `fd0${random(3)}::${pick(['', '1:'])}${1 + random(4)}`
      : `10.${random(3)}.${random(2)}.${pick([1, 2, 3, 9, 255, 0])}`;
  const prefix = (v6: boolean): string => {
    const length = v6 ? pick([0, 16, 64, 112, 126, 128]) : pick([0, 8, 16, 23, 24, 30, 32]);
    return length === 0 ? 'default' : masked(address(v6), length, v6);
  };
  const table = (): number | string => pick(['main', 'main', 10, 20, 'local', 'default']);
  const hop = (v6: boolean): string => {
    const via = chance(60) ? `via ${address(v6)} ` : '';
    return `${via}dev ${pick(DEVICES)}${via && chance(80) ? ' onlink' : ''}`;
  };
  const route = (v6: boolean): string => {
    const type = pick([
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      'blackhole ',
      'unreachable ',
      'prohibit ',
      'throw ',
      'local ',
      v6 ? 'anycast ' : 'broadcast ',
    ]);
    const refuses = ['blackhole ', 'unreachable ', 'prohibit ', 'throw '].includes(type);
    const several = type === '' && chance(20);
    const where = refuses
      ? ''
      : type !== ''
        ? ` dev ${pick(DEVICES)}`
        : several
          ? ` nexthop ${hop(v6)} weight ${1 + random(3)} nexthop ${hop(v6)}${some(30, () => `nexthop ${hop(v6)}`)}`
          : ` ${hop(v6)}`;
    const source = v6 && !refuses && chance(12) ? ` from ${pick(['fd00::/16', 'fd01::/64', 'fd00::1/128'])}` : '';
    return `route ${pick(['add', 'append'])} ${type}${prefix(v6)}${source}${v6 ? '' : some(15, () => `tos ${pick(['0x10', '0x08', '0x04'])}`)} table ${table()}${some(40, () => `metric ${pick([5, 10, 2000])}`)}${where}${refuses || several ? '' : some(15, () => `src ${address(v6)}`)}${v6 ? some(15, () => `pref ${pick(['low', 'high'])}`) : ''}`;
  };
  const port = (): string => pick(['80', '53', '80-90', '1000-2000']);
  const rule = (v6: boolean): string => {
    const selectors = [
      some(30, () => `from ${masked(address(v6), v6 ? pick([16, 64, 128]) : pick([8, 16, 24, 32]), v6)}`),
      some(25, () => `to ${masked(address(v6), v6 ? pick([16, 64, 128]) : pick([8, 16, 24, 32]), v6)}`),
      some(15, () => `iif ${pick([...DEVICES, 'lo', 'gone0'])}`),
      some(12, () => `oif ${pick([...DEVICES, 'gone0'])}`),
      some(25, () => `fwmark ${pick(['0x1', '0x2/0x2', '0x0/0x1', '0x10/0xf0'])}`),
      some(10, () => `tos ${pick(['0x10', '0x08'])}`),
      some(15, () => `ipproto ${pick(['tcp', 'udp'])}`),
      some(10, () => `sport ${port()}`),
      some(12, () => `dport ${port()}`),
      some(10, () => `uidrange ${pick(['0-0', '1000-2000', '0-4294967294'])}`),
    ].join('');
    const action = chance(70)
      ? `table ${table()}${some(20, () => `suppress_prefixlength ${pick([0, 8, 16, 64])}`)}${some(10, () => 'suppress_ifgroup 7')}`
      : pick(['blackhole', 'unreachable', 'prohibit', 'nop', 'goto 500', 'goto 32766', 'goto 777']);
    return `rule add ${some(12, () => 'not ').trim()} ${selectors === '' ? 'from all' : selectors} pref ${pick([100, 200, 300, 400, 500, 600])} ${action}`;
  };
  const lines: string[] = [];
  for (const v6 of [false, true]) {
    const family = v6 ? '-6 ' : '';
    for (const dev of DEVICES)
      for (let i = random(3); i > 0; i--) {
        const length = v6 ? pick([64, 64, 112, 128]) : pick([16, 24, 24, 30, 32]);
        const more = v6
          ? ` nodad${some(15, () => 'preferred_lft 0')}`
          : `${some(12, () => `scope ${pick(['link', 'host', '200'])}`)}${some(50, () => 'brd +')}`;
        lines.push(`address add ${address(v6)}/${length} dev ${dev}${more}`);
      }
    for (let i = random(14); i > 0; i--) lines.push(`${family}${route(v6)}`);
    // Half the worlds know no rule but the kernel's own, which IPv4 looks up in another way.
    if (chance(65)) for (let i = 1 + random(6); i > 0; i--) lines.push(`${family}${rule(v6)}`);
    if (chance(12)) {
      lines.push(`${family}rule add pref 250 from all table local`);
      if (chance(70)) lines.push(`${family}rule del pref 0`);
    }
    if (v6 && chance(50))
      lines.push(
        `neighbour add ${address(true)} dev ${pick(DEVICES)} nud ${pick(['failed', 'reachable', 'permanent lladdr 02:00:00:00:00:09'])}`,
      );
  }
  const asked = Array.from({ length: questions }, (): Question => {
    const v6 = chance(50);
    const input = chance(45);
    const source = input || chance(35) ? address(v6) : null;
    return {
      family: v6 ? 'ipv6' : 'ipv4',
      destination: v6 || !chance(3) ? address(v6) : pick(['127.0.0.1', '255.255.255.255', '0.0.0.5', '0.0.0.0']),
      source: source !== null && !v6 && chance(4) ? pick(['127.0.0.5', '255.255.255.255', '224.0.0.1']) : source,
      iif: input ? pick(['v0', 'v1']) : null,
      oif: !input && chance(25) ? pick(DEVICES) : null,
      mark: pick([0, 0, 1, 2, 3, 0x10]),
      tos: pick([0, 0, 0x10, 0x08, 0x04]),
      protocol: pick(['tcp', 'udp', null]),
      sport: pick([80, 1500, 40000]),
      dport: pick([53, 80, 85, 8080]),
      uid: input ? 0 : pick([0, 0, 1000]),
    };
  });
  const sysctls: string[] = [
    `net.ipv4.ip_forward=${chance(80) ? 1 : 0}`,
    `net.ipv6.conf.all.forwarding=${random(2)}`,
    `net.ipv4.fib_multipath_hash_policy=${random(2)}`,
    `net.ipv4.fib_multipath_use_neigh=${chance(15) ? 1 : 0}`,
  ];
  for (const dev of ['all', ...DEVICES])
    sysctls.push(
      `net.ipv4.conf.${dev}.rp_filter=${pick([0, 0, 0, 1, 2])}`,
      `net.ipv4.conf.${dev}.accept_local=${chance(20) ? 1 : 0}`,
      `net.ipv4.conf.${dev}.src_valid_mark=${chance(20) ? 1 : 0}`,
      `net.ipv4.conf.${dev}.route_localnet=${chance(15) ? 1 : 0}`,
      `net.ipv4.conf.${dev}.bc_forwarding=${chance(30) ? 1 : 0}`,
      `net.ipv4.conf.${dev}.send_redirects=${random(2)}`,
      `net.ipv4.conf.${dev}.ignore_routes_with_linkdown=${random(2)}`,
      `net.ipv6.conf.${dev}.ignore_routes_with_linkdown=${random(2)}`,
      `net.ipv6.conf.${dev}.use_oif_addrs_only=${chance(20) ? 1 : 0}`,
    );
  // `ip -6 route get … iif` is the lookup alone: the model is to forward what it finds.
  for (const dev of DEVICES) sysctls.push(`net.ipv6.conf.${dev}.force_forwarding=1`);
  for (const dev of DEVICES) if (chance(15)) sysctls.push(`net.ipv4.conf.${dev}.forwarding=${random(2)}`);
  return { sysctls, lines, questions: asked };
}

/** Cut to whole groups or bytes: enough for prefixes that meet the addresses above, and `ip` refuses what has host bits left. */
function masked(address: string, length: number, v6: boolean): string {
  if (v6) {
    if (length === 128) return `${address}/128`;
    return length === 16
      ? `${address.slice(0, 4)}::/16`
      : length === 64
        ? `${address.slice(0, 4)}::/64`
        : `${address.slice(0, 4)}::/${length}`;
  }
  const bits = address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
  const cut = length === 32 ? bits : bits - (bits % 2 ** (32 - length));
  return `${[24, 16, 8, 0].map((shift) => Math.floor(cut / 2 ** shift) % 256).join('.')}/${length}`;
}

export function questionLine(q: Question): string {
  const words = [`route get ${q.destination}`];
  if (q.source !== null) words.push(`from ${q.source}`);
  if (q.iif !== null) words.push(`iif ${q.iif}`);
  if (q.oif !== null) words.push(`oif ${q.oif}`);
  if (q.mark !== 0) words.push(`mark ${q.mark}`);
  if (q.tos !== 0) words.push(`tos 0x${q.tos.toString(16)}`);
  if (q.iif === null) words.push(`uid ${q.uid}`);
  if (q.protocol !== null) words.push(`ipproto ${q.protocol} sport ${q.sport} dport ${q.dport}`);
  return words.join(' ');
}
