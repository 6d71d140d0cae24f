/** diagnosis-progress: what is being waited for. Not stored on the bus; every replica hears it, one row comes of it. */
import { createHash } from 'node:crypto';
import type { Bus } from '@netverdict/messaging';
import type { ProgressBuffer } from '../domain/progress-buffer.ts';

export const consumeDiagnosisProgress = (bus: Bus, buffer: ProgressBuffer): { stop(): void } =>
  bus.subscribeCore('diagnosis-progress', { cluster: null }, (progress, heard) => {
    // PostgreSQL's text holds no NUL.
    const message = progress.message.replaceAll('\0', '');
    buffer.add({
      diagnosisId: progress.diagnosisId,
      key: createHash('sha256').update(`${heard.id}\n${progress.stage}\n${message}`).digest('base64url').slice(0, 22),
      attempt: progress.attempt,
      stage: progress.stage,
      message,
      at: heard.occurredAt,
    });
  });
