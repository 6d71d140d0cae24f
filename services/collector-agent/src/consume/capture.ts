/** Answers a capture request: it has begun, it has stopped, or why not. */
import type { CaptureAnswer, CaptureRequest } from '@netverdict/contracts';
import type { Captures } from '../capture/captures.ts';

export async function answerCapture(
  captures: Pick<Captures, 'begin' | 'stop'>,
  request: CaptureRequest,
  reply: (answer: CaptureAnswer) => Promise<void>,
): Promise<void> {
  await reply(
    request.operation === 'begin' ? await captures.begin(request.order) : await captures.stop(request.captureId),
  );
}
