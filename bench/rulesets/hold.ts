/** `node --expose-gc hold.ts CLIENT SERVICES < sections.json`: what a process takes that holds a ruleset and was asked for each Service once. Prints JSON, MiB. */
import { readFileSync } from 'node:fs';
import { evaluate } from '@netverdict/netsim';
import { type Collected, question, rssMib, worldOf } from './world.ts';

const [client = '0', services = '0'] = process.argv.slice(2);
const bare = rssMib();
const { world } = worldOf(JSON.parse(readFileSync(0, 'utf8')) as Collected);
let reachable = 0;
for (let i = 0; i < Number(services); i++)
  reachable += evaluate(world, question(Number(client), i, Number(services))).shares.reachable;
if (reachable !== Number(services)) throw new Error(`only ${reachable} of ${services} Services were found`);
console.log(JSON.stringify({ rss: rssMib(), bare }));
