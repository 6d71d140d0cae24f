/** What the services say while they work, in Chinese: they say it in English, once for all who listen. */
const WORDS: readonly (readonly [RegExp, (...parts: string[]) => string])[] = [
  [/^collecting (.+) \((\d+) of (\d+) answered\)$/, (nodes, done, all) => `正在采集 ${nodes}(已应答 ${done}/${all})`],
  [/^simulating the packet through (\d+) network namespaces?$/, (n) => `正在模拟数据包经过 ${n} 个网络命名空间`],
  [/^sending (\d+) real packets from (.+) to (.+)$/, (n, from, to) => `正在从 ${from} 向 ${to} 发送 ${n} 个真实数据包`],
  [/^(.+) → service (.+)$/, (from, to) => `${from} → 服务 ${to}`],
  [/^(.+) → node (.+)$/, (from, to) => `${from} → 节点 ${to}`],
  [/^(.+) → pod (.+) port (\d+)$/, (from, to, port) => `${from} → Pod ${to} 端口 ${port}`],
];

/** The line itself where there are no other words for it. */
export function progressIn(lang: string, line: string): string {
  if (lang !== 'zh') return line;
  for (const [form, words] of WORDS) {
    const match = form.exec(line.trim());
    if (match) return words(...match.slice(1));
  }
  return line;
}
