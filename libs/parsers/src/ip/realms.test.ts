/** Realms, as routes and policy rules give them. */
import { expect, it } from 'vitest';
import { realmsOf } from './realms.ts';

it.each([
  ['the destination alone', { flow: { to: '5' } }, { realms: 5 }],
  ['source and destination', { flow: { from: '7', to: '5' } }, { realms: 0x70005 }],
  ['of a policy rule, as ip prints them', { flow_from: '7', flow_to: '5' }, { realms: 0x70005 }],
  ['the highest ones', { flow: { from: '65535', to: '0xffff' } }, { realms: 0xffffffff }],
  ['the one that has a name everywhere', { flow: { to: 'cosmos' } }, { realms: 0 }],
  ["a name of the machine's own", { flow: { to: 'office' } }, { realms: null }],
  ['none', { dst: 'default' }, {}],
])('%s', (_name, fields, realms) => expect(realmsOf(fields)).toEqual(realms));
