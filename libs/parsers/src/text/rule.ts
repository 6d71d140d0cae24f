/** `ip rule`, of one family (ip/iprule.c of iproute2). */
import type { Family, Result, Rule } from '@netverdict/linux-net';
import { readRule } from '../ip/rule.ts';
import { Malformed, type ParseProblem } from '../problem.ts';
import type { WordReader } from '../words.ts';
import { alone, type Building, eachLine, type Grammar, numeric, readWords, skip, value } from './pasted.ts';

export const parseIpRuleText = (text: string, family: Family): Result<readonly Rule[], ParseProblem> =>
  eachLine(text, (fields, words, at) => {
    const priority = /^(\d+):$/.exec(words.value('a priority'));
    if (!priority) throw new Malformed('a rule begins with its priority and a colon');
    fields.priority = Number(priority[1]);
    readWords(words, RULE, fields);
    return readRule(fields, at, family);
  });

const RULE: Grammar = {
  not: alone(),
  from: value('src'),
  to: value('dst'),
  tos: value(),
  dsfield: value('tos'),
  dscp: masked('dscp', 'dscp_mask'),
  flowlabel: masked('flowlabel', 'flowlabel_mask'),
  fwmark: masked('fwmark', 'fwmask'),
  iif: value(),
  oif: value(),
  // The device is not there at present: the rule waits for it by name.
  '[detached]': () => {},
  l3mdev: alone(),
  uidrange: (words, fields) => {
    const range = numbers(words);
    fields.uid_start = range[0];
    fields.uid_end = range[1];
  },
  ipproto: value(),
  sport: ports,
  dport: ports,
  tun_id: numeric(),
  lookup: (words, fields) => {
    const table = words.value('a table');
    if (table === '[l3mdev-table]') fields.l3mdev = null;
    else fields.table = table;
  },
  suppress_prefixlength: numeric('suppress_prefixlen'),
  suppress_prefixlen: numeric(),
  suppress_ifgroup: value(),
  realms: (words, fields) => {
    const [first, second, ...more] = words.value('realms').split('/');
    if (more.length > 0) throw new Malformed('a rule has one pair of realms');
    if (second !== undefined) fields.flow_from = first;
    fields.flow_to = second ?? first;
  },
  masquerade: alone(),
  'map-to': (words, fields) => {
    fields.action = `map-to ${words.value('an address')}`;
  },
  goto: numeric(),
  '[unresolved]': alone('unresolved'),
  nop: alone(),
  blackhole: bareAction,
  unreachable: bareAction,
  prohibit: bareAction,
  proto: skip(1),
  protocol: skip(1),
};

function masked(name: string, maskName: string): Grammar[string] {
  return (words, fields) => {
    const [selected, mask, ...more] = words.value(`a ${name}`).split('/');
    if (more.length > 0) throw new Malformed(`a ${name} has one mask`);
    fields[name] = selected;
    if (mask !== undefined) fields[maskName] = mask;
  };
}

function bareAction(_words: WordReader, fields: Building, word: string): void {
  fields.action = word;
}

function ports(words: WordReader, fields: Building, word: string): void {
  const [from, to] = numbers(words);
  if (from === to) fields[word] = from;
  else {
    fields[`${word}_start`] = from;
    fields[`${word}_end`] = to;
  }
}

function numbers(words: WordReader): readonly [number, number] {
  const text = words.value('a range');
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) throw new Malformed(`"${text}" is not a range`);
  return [Number(match[1]), Number(match[2] ?? match[1])];
}
