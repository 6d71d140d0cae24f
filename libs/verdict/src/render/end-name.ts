/** What topology calls the ends of a flow (`service shop/web:80`, `pod shop/cart port 80`), for a Chinese sentence. Names stay what they are. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^node port (\d+) of service (\S+) on (\S+)/, '节点 $3 上服务 $2 的 NodePort $1'],
  [/^headless service /, '无头服务 '],
  [/(^|\()service /, '$1服务 '],
  [/(^|\()node /, '$1节点 '],
  [/(^|\()pod /, '$1Pod '],
  [/ port (\d+)/, ' 端口 $1'],
  [/ \(one of (\d+) pods of (.+)\)$/, ' ($2 的 $1 个 Pod 之一)'],
];

export const endNameZh = (name: string): string =>
  WORDS.reduce((text, [english, chinese]) => text.replace(english, chinese), name);

/** Between two Chinese characters there is no space, as there is beside a name in Latin letters. */
export const closedUp = (text: string): string => text.replace(/(?<=\p{Script=Han}) (?=\p{Script=Han})/gu, '');
