/** What a remedy of size sets is right at once: the world with that change lets through what the remedy promises. */
import type { Flow, NamespaceKey } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../diagnose.ts';
import { evaluate } from '../evaluate.ts';
import { cluster } from '../testing/cluster.ts';
import { devices } from '../testing/edits.ts';
import { A1, A2, flow, HOST1 } from '../testing/flows.ts';
import { NAMES } from '../testing/rows.ts';

type Edits = NonNullable<Parameters<typeof cluster>[0]>['edit'];
interface Row {
  readonly name: string;
  readonly edit: NonNullable<Edits>;
  readonly asked?: Flow;
  readonly on: string;
  readonly key: NamespaceKey;
  readonly dev: string;
  readonly mtu: number;
}
const FAR = '10.244.2.2:80';
const big = (sizeBytes: number): Flow => flow(A1, FAR, { sizeBytes, dontFragment: true });

const ROWS: readonly Row[] = [
  {
    name: 'a pod with 1500 before a tunnel of 1450: the pod gets what the way takes',
    edit: { [A1]: devices('eth0', { mtuBytes: 1500 }) },
    asked: big(1500),
    ...{ on: 'shop/a-1', key: A1, dev: 'eth0', mtu: 1450 },
  },
  {
    name: 'the same whatever size was asked about',
    edit: { [A1]: devices('eth0', { mtuBytes: 1500 }) },
    asked: big(1451),
    ...{ on: 'shop/a-1', key: A1, dev: 'eth0', mtu: 1450 },
  },
  {
    name: 'a tunnel device that alone takes less: it gets what the pods have',
    edit: { [HOST1]: devices('flannel.1', { mtuBytes: 1400 }) },
    asked: big(1401),
    ...{ on: 'node-1', key: HOST1, dev: 'flannel.1', mtu: 1450 },
  },
  {
    name: 'a pod that has less than its way takes: it gets that, and not what was asked',
    edit: { [A1]: devices('eth0', { mtuBytes: 1300 }) },
    asked: big(1500),
    ...{ on: 'shop/a-1', key: A1, dev: 'eth0', mtu: 1450 },
  },
  {
    name: 'a far end that throws away in silence, found though small packets were asked about',
    edit: { [A2]: devices('eth0', { mtuBytes: 1400 }) },
    asked: flow(A1, '10.244.2.2:53', { protocol: 'udp' }),
    ...{ on: 'shop/a-2', key: A2, dev: 'eth0', mtu: 1450 },
  },
];

describe('remedies of size', () => {
  it.each(ROWS.map((row) => [row.name, row] as const))(
    '%s',
    (_name, { edit, asked = big(1500), on, key, dev, mtu }) => {
      const { diagnosis } = diagnose(cluster({ edit }), asked, NAMES);
      const told = diagnosis.findings.filter(({ code }) => code.startsWith('NV-MTU') && code !== 'NV-MTU-ERROR-LOST');
      expect(told.map(({ remedy }) => [remedy?.on, remedy?.command, remedy?.proven])).toEqual([
        [on, `ip link set ${dev} mtu ${mtu}`, true],
      ]);
      expect(told[0]?.remedy?.en).toMatch(/ On the way: shop\/a-1 eth0 1[345]\d\d; node-1 veth2 1500, .*flannel\.1 14/);
      // Once more, by hand: what the sender may send then passes, whole.
      const before = edit[key];
      const set = devices(dev, { mtuBytes: mtu });
      const mended = cluster({ edit: { ...edit, [key]: (state) => set(before ? before(state) : state) } });
      const { shares } = evaluate(mended, { ...asked, sizeBytes: 1450, dontFragment: true });
      expect(shares.reachable).toBe(1);
    },
  );

  it('where all is set as the way takes it nothing is proposed, and the first line says what passes', () => {
    const { diagnosis } = diagnose(cluster(), big(1500), NAMES);
    expect(diagnosis.verdict.summary.en).toMatch(/^Packets of 1500 bytes from .* those of up to 1450 bytes do\.$/);
    expect(diagnosis.findings.map(({ code, remedy }) => [code, remedy?.command])).toEqual([['NV-MTU-EXCEEDED', null]]);
    expect(diagnosis.findings[0]?.remedy?.en).toMatch(/^Nothing is set wrong: eth0 of shop\/a-1 .* up to 1450 bytes/);
  });
});
