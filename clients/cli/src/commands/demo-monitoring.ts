/**
 * The demo's last act: nobody asks. Something fails now and then, the agents see packets being dropped, and within seconds the
 * incident stands there with its cause and what mends it.
 */
import type { Lab } from '@netverdict/lab';
import { createClient, type IncidentDocument } from '@netverdict/sdk';
import { SystemError } from '../exit-codes.ts';
import type { Instance } from '../local/instance.ts';
import { byCause, incidentLines } from '../terminal/incident-lines.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';
import type { Stages } from '../terminal/stages.ts';
import { langOf } from './diagnose.ts';

/** Of three endpoints one drops what comes in: every third connection fails. */
const FAULT = 'pod-input-drop';
const SERVICE = { address: '10.96.0.80', port: 80 } as const;
const WITHIN_MS = 60_000;
/** Others of the same cause come a moment later. */
const MORE_MS = 2500;

export async function monitoringAct(
  lab: Lab,
  instance: Instance,
  stages: Stages,
  options: { readonly lang: string },
): Promise<void> {
  const client = createClient({ baseUrl: instance.apiUrl, token: instance.token });
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), WITHIN_MS);
  const explained = new Map<string, IncidentDocument>();
  const opened = Promise.withResolvers<void>();
  let began = performance.now();
  let tookMs = 0;
  /** What was asked before is about the fault before. */
  const since = Date.now();
  const watching = (async () => {
    for await (const { item } of client.followIncidents({}, { signal: stop.signal, onOpen: opened.resolve })) {
      if (item.diagnosisState !== 'explained' || Date.parse(item.askedAt ?? '') < since) continue;
      if (explained.size === 0) {
        tookMs = performance.now() - began;
        setTimeout(() => stop.abort(), MORE_MS);
      }
      explained.set(item.id, item);
    }
  })();
  try {
    await Promise.race([opened.promise, watching]);
    const fault = await lab.fault(FAULT);
    stages.say(`now and then: ${fault.description}; nobody asks why`);
    began = performance.now();
    const result = await lab.probe({
      from: { pod: 'default/client' },
      to: SERVICE,
      protocol: 'tcp',
      count: 18,
      timeoutMs: 250,
    });
    stages.say(`traffic: ${result.delivered} of ${result.attempts.length} connections to svc/default/web:80 answered`);
    await watching;
    if (explained.size === 0) throw new SystemError(`no incident with its cause within ${WITHIN_MS / 1000} s`);
    stages.say(`${(tookMs / 1000).toFixed(1)} s after the first packet, netverdict incidents:`);
    print('');
    for (const group of byCause([...explained.values()]))
      print(`${incidentLines(group, langOf(options.lang), terminalPaint).join('\n')}\n`);
    const codes = new Set([...explained.values()].flatMap(({ verdict }) => verdict?.findings[0]?.code ?? []));
    if (!codes.has('NV-FILTER-DROP'))
      throw new SystemError(`the incident's cause is ${[...codes].join(', ')}, not the rule`);
    await lab.heal(fault.id);
  } finally {
    clearTimeout(timer);
    stop.abort();
    await watching.catch(() => undefined);
  }
}
