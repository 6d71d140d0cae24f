/** -m udp and -m udplite */
import type { XtMatch } from '@netverdict/linux-net';
import { each, type Module } from '../module.ts';
import { PORT_OPTIONS, portMatches } from './ports.ts';

export const udp: Module<readonly XtMatch[]> = { options: PORT_OPTIONS, build: each<XtMatch>(portMatches) };
