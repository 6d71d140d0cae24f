/** Headers that no packet here has (IPsec, DCCP, IPv6 extension headers): the kernel's matches say no before they look at `!`. */
import type { AbsentHeader } from '@netverdict/linux-net';
import type { NotThere } from '../context.ts';

const no = (): NotThere => null;

export const NEVER_THERE: { readonly [K in AbsentHeader]: () => NotThere } = {
  ah: no,
  esp: no,
  ipcomp: no,
  dccp: no,
  frag: no,
  hbh: no,
  dst: no,
  rt: no,
  mh: no,
  srh: no,
};
