/** `ip neigh` (ip/ipneigh.c of iproute2). */
import type { Result } from '@netverdict/linux-net';
import type { NamedNeighbour } from '../ip/devices.ts';
import { isNeighbourState, readNeighbour } from '../ip/neigh.ts';
import type { ParseProblem } from '../problem.ts';
import { alone, eachLine, type Grammar, inFlags, readWords, skip, strange, value } from './pasted.ts';

export const parseIpNeighText = (text: string): Result<readonly NamedNeighbour[], ParseProblem> =>
  eachLine(text, (fields, words, at) => {
    fields.dst = words.value('an address');
    const states: string[] = [];
    readWords(words, NEIGHBOUR, fields, (word) => {
      // `used 0/0/0probes 0` in some versions: the space is missing.
      if (/^\d+\/\d+\/\d+probes$/.test(word)) skip(1)(words, fields, word);
      else if (isNeighbourState(word.toLowerCase()) && word === word.toUpperCase()) states.push(word);
      else throw strange(word);
    });
    fields.state = states;
    return readNeighbour(fields, at);
  });

const NEIGHBOUR: Grammar = {
  dev: value(),
  lladdr: value(),
  router: alone(),
  proxy: alone(),
  extern_learn: inFlags,
  extern_valid: inFlags,
  offload: inFlags,
  managed: inFlags,
  vni: skip(1),
  nhid: skip(1),
  ref: skip(1),
  refcnt: skip(1),
  probes: skip(1),
  used: (words) => {
    const times = words.value('times');
    if (times.endsWith('probes')) words.value('a number of probes');
  },
  protocol: skip(1),
  proto: skip(1),
};
