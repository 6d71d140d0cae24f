/** Policies' parts in words, English and Chinese. */
import { formatPrefix } from '@netverdict/linux-net';
import type { Peer, PortMatch, Rule } from '../policy.ts';
import { formatSelector, type Selector } from '../selector.ts';

export interface Words {
  readonly en: string;
  readonly zh: string;
}

const all = ({ requirements }: Selector): boolean => requirements.length === 0;

export function peerInWords(peer: Peer, own: string | null): Words {
  switch (peer.kind) {
    case 'pods': {
      const pods = formatSelector(peer.pods);
      const en = all(peer.pods) ? 'every pod' : `pods with ${pods}`;
      const zh = all(peer.pods) ? '所有 Pod' : `标签为 ${pods} 的 Pod`;
      if (peer.namespaces === null) return { en: `${en} of namespace ${own}`, zh: `命名空间 ${own} 中${zh}` };
      if (all(peer.namespaces)) return { en: `${en} of any namespace`, zh: `任意命名空间中${zh}` };
      const spaces = formatSelector(peer.namespaces);
      return { en: `${en} of namespaces with ${spaces}`, zh: `标签为 ${spaces} 的命名空间中${zh}` };
    }
    case 'block': {
      const block = formatPrefix(peer.prefix);
      if (peer.except.length === 0) return { en: `addresses in ${block}`, zh: `${block} 中的地址` };
      const except = peer.except.map(formatPrefix).join(', ');
      return { en: `addresses in ${block} but not in ${except}`, zh: `${block} 中除 ${except} 以外的地址` };
    }
    case 'nodes':
      return all(peer.nodes)
        ? { en: 'every node', zh: '所有节点' }
        : { en: `nodes with ${formatSelector(peer.nodes)}`, zh: `标签为 ${formatSelector(peer.nodes)} 的节点` };
    case 'unknown':
      return { en: peer.what, zh: peer.what };
  }
}

export function portInWords(match: PortMatch): Words {
  if (match.kind === 'named') {
    const protocol = match.protocol === null ? '' : `${match.protocol} `;
    return { en: `${protocol}port "${match.name}"`, zh: `${protocol}端口“${match.name}”` };
  }
  const { protocol, from, to } = match;
  if (from === 0 && to === 65_535) return { en: `any ${protocol} port`, zh: `任意 ${protocol} 端口` };
  return from === to
    ? { en: `${protocol} port ${from}`, zh: `${protocol} 端口 ${from}` }
    : { en: `${protocol} ports ${from}–${to}`, zh: `${protocol} 端口 ${from}–${to}` };
}

/** `from every pod of namespace shop, on TCP port 80` */
export function ruleInWords(rule: Rule, own: string | null, direction: 'ingress' | 'egress'): Words {
  const peers = rule.peers?.map((peer) => peerInWords(peer, own)) ?? [{ en: 'anybody', zh: '任何一方' }];
  const ports = rule.ports?.map(portInWords) ?? [{ en: 'any port', zh: '任意端口' }];
  const word = direction === 'ingress' ? { en: 'from', zh: '来自' } : { en: 'to', zh: '去往' };
  return {
    en: `${word.en} ${listed(peers, 'en', ' or ')}, on ${listed(ports, 'en', ' or ')}`,
    zh: `${word.zh}${listed(peers, 'zh', '或')},${listed(ports, 'zh', '或')}`,
  };
}

const listed = (words: readonly Words[], language: keyof Words, joint: string): string =>
  words.map((one) => one[language]).join(joint);
