/** Whose a packet is, for `-m owner`. */
import { ifIndex, type XtMatch } from '@netverdict/linux-net';
import { describe, expect, it } from 'vitest';
import { cluster } from '../../testing/cluster.ts';
import { A1, flow, HOST1 } from '../../testing/flows.ts';
import { SYN } from '../../testing/packets.ts';
import { Walk } from '../../walk/walk.ts';
import { type Answer, NO_DEVICES, type RuleContext } from '../context.ts';
import { evaluateMatch } from './index.ts';

const n = { negate: false } as const;
const negated = <M extends XtMatch & { readonly negate: boolean }>(match: M): M => ({ ...match, negate: true });
const isUnknown = (answer: Answer): boolean => typeof answer !== 'boolean';

function context(): RuleContext {
  const world = cluster();
  const ns = world.namespaces.get(HOST1) ?? expect.fail('no host');
  const device = (index: number) => ns.net.linkByIndex.get(ifIndex(index)) ?? null;
  const walk = new Walk(world, flow(A1, '10.244.2.2:80'), []);
  return { ...NO_DEVICES, iif: device(3), oif: device(2), walk, ns, hook: 'FORWARD', packet: SYN };
}

describe('who owns a locally made packet', () => {
  const made = (uid?: number): RuleContext => {
    const c = context();
    const { walk } = c;
    const asked = uid === undefined ? walk.flow : { ...walk.flow, uid };
    return { ...c, hook: 'OUTPUT', iif: null, walk: new Walk(walk.world, asked, []) };
  };
  const root = { ...n, kind: 'owner', what: 'uid', range: { from: 0, to: 0 }, supplementary: false } as const;
  it('is not known where the question does not say', () => {
    expect(isUnknown(evaluateMatch(root, made()))).toBe(true);
  });
  it('is known where it does', () => {
    expect(evaluateMatch(root, made(0))).toBe(true);
    expect(evaluateMatch(root, made(1000))).toBe(false);
    expect(evaluateMatch(negated(root), made(1000))).toBe(true);
  });
  it('has a socket', () => {
    expect(evaluateMatch({ ...root, what: 'socket-exists', range: null }, made())).toBe(true);
  });
});

describe('owner', () => {
  it('of a forwarded packet is nobody at POSTROUTING, though it shows no device that it came in by', () => {
    const post = { ...context(), iif: null, hook: 'POSTROUTING', forwarded: true } as const;
    expect(evaluateMatch({ ...n, kind: 'owner', what: 'socket-exists', range: null, supplementary: false }, post)).toBe(
      false,
    );
    expect(
      evaluateMatch(
        { ...n, kind: 'owner', what: 'socket-exists', range: null, supplementary: false },
        { ...post, forwarded: false },
      ),
    ).toBe(true);
  });
});
