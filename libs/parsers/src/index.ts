export type { NamedFdbEntry, NamedNeighbour, NamedNextHop, NamedRoute } from './ip/devices.ts';
export { type NetnsSection, parseNetns, type SectionParser } from './netns.ts';
export type { ParseProblem } from './problem.ts';
export { parseSection, type SectionValues } from './section.ts';
export { printIptablesSave, printRule } from './xtables/print.ts';
