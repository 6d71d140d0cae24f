/** Translations that two connections cannot both have. */
import { address } from '../addresses.ts';
import { FAR, type Kind, ROUTER, withPorts } from './wide.ts';

/** Of the ports of one packet and its repetitions, one that none of these has. */
const EARLIER = 120;

/** An earlier connection to the same place left by the only port that there is, or there is a second one. */
const onePort: Kind = ({ r, draft }, { family, sports }, given) => {
  const packet = withPorts(given);
  const router = address(family, FAR, ROUTER);
  const ports = draft.random.pick(['4000', '4000', '4000-4001']);
  r.nft.push(
    `table ${family === 'ipv4' ? 'ip' : 'ip6'} one${packet.sport} {`,
    ' chain leaving {',
    '  type nat hook postrouting priority 101; policy accept;',
    `  meta l4proto ${packet.protocol} ${sports} snat to ${family === 'ipv4' ? router : `[${router}]`}:${ports}`,
    ' }',
    '}',
  );
  draft.prelude.push({ ...packet, id: `before-${packet.id}`, sport: packet.sport + EARLIER });
  return packet;
};

export const TRANSLATION_KINDS: readonly Kind[] = [onePort];
