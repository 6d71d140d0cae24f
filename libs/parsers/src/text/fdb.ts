/** `bridge fdb` (bridge/fdb.c of iproute2). `dev`: whose entries they are, where the command named the device and so the lines do not. */
import type { Result } from '@netverdict/linux-net';
import type { NamedFdbEntry } from '../ip/devices.ts';
import { readFdbEntry } from '../ip/fdb.ts';
import type { ParseProblem } from '../problem.ts';
import { eachLine, type Grammar, inFlags, numeric, readWords, skip, value } from './pasted.ts';

export const parseBridgeFdbText = (
  text: string,
  dev: string | null = null,
): Result<readonly NamedFdbEntry[], ParseProblem> =>
  eachLine(text, (fields, words, at) => {
    if (dev !== null) fields.ifname = dev;
    fields.mac = words.value('a MAC address');
    readWords(words, ENTRY, fields);
    return readFdbEntry(fields, at);
  });

const state: Grammar[string] = (_words, fields, word) => {
  fields.state = word;
};

const ENTRY: Grammar = {
  dev: value('ifname'),
  dst: value(),
  vlan: numeric(),
  port: numeric(),
  vni: numeric(),
  src_vni: numeric(),
  nhid: numeric(),
  via: value('viaIf'),
  'link-netnsid': skip(1),
  used: skip(1),
  activity_notify: inFlags,
  inactive: inFlags,
  master: value(),
  permanent: state,
  static: state,
  stale: state,
  noarp: state,
  self: inFlags,
  router: inFlags,
  extern_learn: inFlags,
  offload: inFlags,
  sticky: inFlags,
  locked: inFlags,
  added_by_user: inFlags,
};
