/** Flows of a batch as JUnit XML, which pipelines show: a flow that does not reach is a failure, one without an answer an error. */
import type { BatchFlowDocument } from '@netverdict/contracts';
import { causeText, flowText } from '../terminal/flow-words.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** Characters that XML 1.0 does not have are left out. */
const xml = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 cannot hold
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').replace(/[&<>"]/g, (one) => ESCAPES[one] ?? one);

function caseOf(flow: BatchFlowDocument): string {
  const open = `  <testcase classname="netverdict" name="${xml(flowText(flow))}"`;
  if (flow.outcome === 'reachable') return `${open}/>`;
  const kind = flow.state === 'cancelled' ? 'skipped' : flow.outcome === null ? 'error' : 'failure';
  const said = `${flow.outcome ?? flow.message ?? flow.state}: ${causeText(flow)}`;
  return `${open}>\n    <${kind} message="${xml(said)}">${xml(flow.diagnosisId ?? '')}</${kind}>\n  </testcase>`;
}

export function junit(flows: readonly BatchFlowDocument[]): string {
  const cancelled = flows.filter(({ state }) => state === 'cancelled').length;
  const errors = flows.filter(({ outcome }) => outcome === null).length - cancelled;
  const failures = flows.filter(({ outcome }) => outcome !== null && outcome !== 'reachable').length;
  const counts = `tests="${flows.length}" failures="${failures}" errors="${errors}" skipped="${cancelled}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="netverdict" ${counts}>`,
    ...flows.map(caseOf),
    '</testsuite>',
    '',
  ].join('\n');
}
