/** Reads /proc/net/{snmp,netstat,snmp6,dev}, listeners and connection tracking as the helper's `counters` operation prints them: `Tcp.RetransSegs` → number. */

/** A listening socket that had to drop connections. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Connections that wait to be accepted, and how many may. */
  readonly waiting: number;
  readonly limit: number;
  readonly drops: number;
}

export interface NamespaceCounters {
  readonly inode: number;
  readonly listeners: readonly Listener[];
  readonly values: ReadonlyMap<string, number>;
}

/** `Name: A B` then `Name: 1 2` (snmp, netstat). */
function pairs(lines: readonly string[], into: Map<string, number>): void {
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const [names = '', values = ''] = [lines[i], lines[i + 1]];
    const group = names.slice(0, names.indexOf(':'));
    const keys = names
      .slice(group.length + 1)
      .trim()
      .split(/\s+/);
    const numbers = values
      .slice(values.indexOf(':') + 1)
      .trim()
      .split(/\s+/);
    for (const [k, key] of keys.entries()) into.set(`${group}.${key}`, Number(numbers[k] ?? 0));
  }
}

/** Sums over all devices but lo: rx_errs, rx_drop, tx_errs, tx_drop. */
function devices(lines: readonly string[], into: Map<string, number>): void {
  const sums = { 'dev.rx_errs': 0, 'dev.rx_drop': 0, 'dev.tx_errs': 0, 'dev.tx_drop': 0 };
  for (const line of lines.slice(2)) {
    const at = line.indexOf(':');
    if (at < 0 || line.slice(0, at).trim() === 'lo') continue;
    const fields = line
      .slice(at + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    sums['dev.rx_errs'] += fields[2] ?? 0;
    sums['dev.rx_drop'] += fields[3] ?? 0;
    sums['dev.tx_errs'] += fields[10] ?? 0;
    sums['dev.tx_drop'] += fields[11] ?? 0;
  }
  for (const [key, value] of Object.entries(sums)) into.set(key, value);
}

/** `entries N`, `limit N`, then /proc/net/stat/nf_conntrack: a line of names, and one of hexadecimal numbers per CPU. */
function conntrack(lines: readonly string[], into: Map<string, number>): void {
  const table: string[][] = [];
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (words.length === 2) into.set(`conntrack.${words[0]}`, Number(words[1]));
    else table.push(words);
  }
  const [names = [], ...cpus] = table;
  for (const [i, name] of names.entries()) {
    if (name === 'entries') continue; // each CPU has that of the whole table
    into.set(
      `conntrack.${name}`,
      cpus.reduce((sum, numbers) => sum + Number.parseInt(numbers[i] ?? '0', 16), 0),
    );
  }
}

function listener(line: string): Listener {
  const [address = '', port, waiting, limit, drops] = line.split(' ');
  return { address, port: Number(port), waiting: Number(waiting), limit: Number(limit), drops: Number(drops) };
}

export function parseCounters(text: string): NamespaceCounters {
  const values = new Map<string, number>();
  let inode = 0;
  let listeners: readonly Listener[] = [];
  for (const section of text.split(/^# /m).slice(1)) {
    const [heading = '', ...rest] = section.split('\n');
    const lines = rest.filter((line) => line !== '');
    if (heading.startsWith('inode ')) inode = Number(heading.slice(6));
    else if (heading === 'snmp' || heading === 'netstat') pairs(lines, values);
    else if (heading === 'dev') devices(lines, values);
    else if (heading === 'listeners') listeners = lines.map(listener);
    else if (heading === 'conntrack') conntrack(lines, values);
    else if (heading === 'snmp6')
      for (const line of lines) {
        const [key = '', value = '0'] = line.trim().split(/\s+/);
        values.set(key, Number(value));
      }
  }
  return { inode, listeners, values };
}
