/** What evaluations cost, for /metrics. */
import { addGauge, Histogram, type Registry } from '@netverdict/telemetry';
import type { EvaluationThread } from './domain/evaluation/thread.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** @returns told how long each evaluation took */
export function addEvaluationMetrics(registry: Registry, thread: EvaluationThread): (milliseconds: number) => void {
  const evaluation = new Histogram({
    name: 'netverdict_evaluation_seconds',
    help: 'CPU time of an evaluation, parsing included',
    buckets: SECONDS,
    registers: [registry],
  });
  addGauge(registry, 'netverdict_evaluations_waiting', 'evaluations that wait for the one thread, or are in it', () => [
    { value: thread.waiting },
  ]);
  return (milliseconds) => evaluation.observe(milliseconds / 1000);
}
