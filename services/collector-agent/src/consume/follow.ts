/** Answers follow requests: begin to follow packets on this node, and tell what was seen. */
import type { FollowAnswer, FollowRequest } from '@netverdict/contracts';
import type { Follower } from '../probe/follower.ts';

/** Of one part of the answer: far below what the bus takes. */
const PART = 1000;

export async function answerFollow(
  follower: Follower,
  request: FollowRequest,
  reply: (answer: FollowAnswer) => Promise<void>,
): Promise<void> {
  if (request.operation === 'begin') {
    await follower.begin(request.follow, request.ends, request.forMs);
    return reply({ kind: 'began' });
  }
  const { sightings, lost } = await follower.end(request.follow);
  for (let at = 0; at === 0 || at < sightings.length; at += PART)
    await reply({ kind: 'seen', sightings: sightings.slice(at, at + PART), lost: at === 0 ? lost : 0 });
}
