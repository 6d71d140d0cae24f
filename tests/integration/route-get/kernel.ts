/** Namespaces of this test's own, set up by iproute2, and what the kernel in them answers. */
import { spawnSync } from 'node:child_process';
import { type Question, questionLine, type RouteWorld } from './world.ts';

/** Devices v0 to v3, their other ends in a namespace beside: v2 has no carrier, v3 is in group 7. */
export function setUp(name: string, world: RouteWorld): void {
  run(['netns', 'add', name]);
  run(['netns', 'add', `${name}p`]);
  sysctl(name, ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.accept_dad=0']);
  const links = [0, 1, 2, 3].flatMap((n) => [
    `link add name v${n} type veth peer name p${n} netns ${name}p`,
    `link set dev v${n} up`,
  ]);
  batch(name, ['link set dev lo up', ...links, 'link set dev v3 group 7']);
  batch(
    `${name}p`,
    [0, 1, 3].map((n) => `link set dev p${n} up`),
  );
  sysctl(name, world.sysctls);
  batch(name, world.lines);
  // The kernel makes the local routes of IPv6 addresses a little later, in a queue of its own.
  spawnSync('sleep', ['0.1']);
}

export function tearDown(name: string): void {
  spawnSync('ip', ['netns', 'delete', name]);
  spawnSync('ip', ['netns', 'delete', `${name}p`]);
}

/** What `ip route get` says of each: `dev via source`, or the error's text. */
export function ask(name: string, questions: readonly Question[]): readonly string[] {
  const answers = new Array<string>(questions.length).fill('?');
  for (const family of ['ipv4', 'ipv6'] as const) {
    const mine = questions.flatMap((q, at) => (q.family === family ? [{ q, at }] : []));
    const input = mine.map(({ q }) => questionLine(q)).join('\n');
    const args = ['-n', name, family === 'ipv4' ? '-4' : '-6', '-j', '-force', '-batch', '-'];
    const { stdout, stderr } = spawnSync('ip', args, { input: `${input}\n`, encoding: 'utf8' });
    const failed = new Map<number, string>();
    let said = '';
    for (const line of stderr.split('\n')) {
      const at = /^Command failed -:(\d+)/.exec(line);
      if (at) failed.set(Number(at[1]) - 1, said);
      else said = line;
    }
    const found = stdout.split('\n').filter((line) => line.startsWith('['));
    let next = 0;
    mine.forEach(({ q, at }, index) => {
      answers[at] = failed.get(index) ?? read(found[next++] ?? '[]', q);
    });
  }
  return answers;
}

function read(json: string, q: Question): string {
  const [route] = JSON.parse(json) as {
    dev?: string;
    gateway?: string;
    via?: { host: string };
    prefsrc?: string;
    type?: string;
  }[];
  if (!route) return '?';
  const via = route.gateway ?? route.via?.host ?? '-';
  if (q.iif !== null) return route.dev === 'lo' ? 'local' : `${route.dev} ${via}`;
  return `${route.dev} ${via} ${q.source === null ? (route.prefsrc ?? '-') : '*'}`;
}

function run(args: readonly string[]): void {
  const done = spawnSync('ip', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`ip ${args.join(' ')}: ${done.stderr}`);
}

/** With -force: lines that contradict each other are left out by the kernel, and what it took is what is collected. */
function batch(name: string, lines: readonly string[]): void {
  spawnSync('ip', ['-n', name, '-force', '-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
}

function sysctl(name: string, settings: readonly string[]): void {
  spawnSync('ip', ['netns', 'exec', name, 'sysctl', '-q', '-e', '-w', ...settings]);
}
