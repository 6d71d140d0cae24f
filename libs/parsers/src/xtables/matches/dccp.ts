/** -m dccp: ports, and packet types and options, which no packet here has. */
import type { XtMatch } from '@netverdict/linux-net';
import { each, type Given, type Module } from '../module.ts';
import { optionText } from '../option-text.ts';
import { PORT_OPTIONS, portMatches } from './ports.ts';

const ofHeader = (g: Given): XtMatch => ({ kind: 'dccp', options: [optionText(g)], negate: false });

export const dccp: Module<readonly XtMatch[]> = {
  options: { ...PORT_OPTIONS, '--dccp-types': 1, '--dccp-option': 1 },
  build: each<XtMatch>({ ...portMatches, '--dccp-types': ofHeader, '--dccp-option': ofHeader }),
};
