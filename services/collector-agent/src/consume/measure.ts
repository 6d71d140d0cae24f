/** Answers measure requests: probes on for a bounded time, and what their histograms gathered. */
import type { MeasureAnswer, MeasureRequest } from '@netverdict/contracts';
import type { Measurer } from '../probe/measurer.ts';

export async function answerMeasure(
  measurer: Measurer,
  request: MeasureRequest,
  reply: (answer: MeasureAnswer) => Promise<void>,
): Promise<void> {
  if (request.operation === 'begin') {
    const refused = await measurer.begin(request.measure, request.probes, request.forMs);
    return reply({ kind: 'began', refused: [...refused] });
  }
  return reply({ kind: 'measured', histograms: [...(await measurer.end(request.measure))] });
}
