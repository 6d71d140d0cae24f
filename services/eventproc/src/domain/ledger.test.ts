import type { AgentLedger } from '@netverdict/contracts';
import { describe, expect, test } from 'vitest';
import { type BatchLedger, EMPTY, end, judge, type ProbeCounts, receive, told } from './ledger.ts';

/** Ten anomalies a batch, and what has been added up of all steps. */
class Agent {
  ledger: BatchLedger = EMPTY;
  sums: Record<string, number> = {};
  nowMs = 0;

  comes(seq: number): 'new' | 'duplicate' {
    const received = receive(this.ledger, seq, (seq - 1) * 10, 10, this.nowMs);
    if (received.kind === 'new') {
      this.take(received.step);
      this.add([{ probe: '', counts: { stored: 10 } }]);
    }
    return received.kind;
  }
  tells(change: Partial<AgentLedger>, seq: number): void {
    const news: AgentLedger = { at: '', before: seq * 10, probes: [], dropped: [], ...change };
    this.take(told(this.ledger, news, { seq, anomalies: seq * 10 }, this.nowMs));
  }
  take(step: { ledger: BatchLedger; counts: readonly ProbeCounts[] }): void {
    // It lives in a database as JSON.
    this.ledger = JSON.parse(JSON.stringify(step.ledger));
    this.add(step.counts);
  }
  add(entries: readonly ProbeCounts[]): void {
    for (const { probe, counts } of entries)
      for (const [name, n] of Object.entries(counts)) this.sums[probe + name] = (this.sums[probe + name] ?? 0) + n;
  }
  balance(): number {
    const { reported = 0, stored = 0, lostBus = 0, lostSpool = 0, deadLetter = 0 } = this.sums;
    return reported - stored - lostBus - lostSpool - deadLetter;
  }
  ranges = () => this.ledger.ranges.map(({ from, to }) => `${from}-${to}`).join(' ');
}

describe('batches', () => {
  test('each counts once, in whatever order and however often they come', () => {
    const agent = new Agent();
    expect([3, 1, 2, 3, 1, 5, 4, 4].map((seq) => agent.comes(seq))).toEqual([
      'new',
      'new',
      'new',
      'duplicate',
      'duplicate',
      'new',
      'new',
      'duplicate',
    ]);
    expect([agent.ranges(), agent.sums.stored, agent.sums.reported, agent.balance()]).toEqual(['1-5', 50, 50, 0]);
  });

  test('a hole that nothing fills is lost on the bus, with as many anomalies as its neighbours say; not before its time', () => {
    const agent = new Agent();
    for (const seq of [1, 2, 6, 7]) agent.comes(seq);
    expect(agent.balance()).toBe(30);
    agent.take(judge(agent.ledger, 0));
    expect(agent.sums.lostBus).toBeUndefined();
    agent.take(judge(agent.ledger, 1000));
    expect([agent.sums.lostBus, agent.balance(), agent.ranges()]).toEqual([30, 0, '1-7']);
    agent.take(judge(agent.ledger, 2000));
    expect(agent.balance()).toBe(0);
  });

  test('what was taken for lost and comes all the same is stored and counted back, once', () => {
    const agent = new Agent();
    for (const seq of [1, 4]) agent.comes(seq);
    agent.take(judge(agent.ledger, 1000));
    expect([agent.comes(2), agent.comes(2), agent.comes(3)]).toEqual(['new', 'duplicate', 'new']);
    expect([agent.sums.lostBus, agent.sums.stored, agent.balance()]).toEqual([0, 40, 0]);
  });

  test('holes without end do not make it grow without end, and still balance', () => {
    const agent = new Agent();
    for (let seq = 2; seq < 3000; seq += 2) agent.comes(seq);
    agent.take(judge(agent.ledger, Number.POSITIVE_INFINITY));
    expect(agent.ledger.ranges.length).toBe(1);
    expect(agent.ledger.losses.length).toBeLessThanOrEqual(500);
    expect(agent.balance()).toBe(0);
  });
});

describe('what an agent tells', () => {
  test('what its spool threw away is no hole of the bus, also where a piece of it had come', () => {
    const agent = new Agent();
    for (const seq of [1, 4]) agent.comes(seq);
    agent.tells({ dropped: [{ from: 2, to: 7, before: 10, count: 60 }] }, 7);
    agent.comes(8);
    agent.take(judge(agent.ledger, 1000));
    expect([agent.sums.lostSpool, agent.sums.lostBus, agent.balance(), agent.ranges()]).toEqual([
      50,
      undefined,
      0,
      '1-8',
    ]);
    agent.tells({ dropped: [{ from: 2, to: 7, before: 10, count: 60 }] }, 8);
    expect(agent.sums.lostSpool).toBe(50);
  });

  test('what was taken for lost on the bus before the word of it came is the spool’s after all', () => {
    const agent = new Agent();
    for (const seq of [1, 5, 9]) agent.comes(seq);
    agent.take(judge(agent.ledger, 1000));
    expect(agent.sums.lostBus).toBe(60);
    agent.tells({ dropped: [{ from: 3, to: 3, before: 20, count: 10 }] }, 9);
    agent.tells({ dropped: [{ from: 6, to: 8, before: 50, count: 30 }] }, 9);
    agent.tells({ dropped: [{ from: 6, to: 8, before: 50, count: 30 }] }, 9);
    expect([agent.sums.lostBus, agent.sums.lostSpool, agent.balance()]).toEqual([20, 40, 0]);
    expect([agent.comes(4), agent.comes(2), agent.comes(2)]).toEqual(['new', 'new', 'duplicate']);
    expect([agent.sums.lostBus, agent.sums.lostSpool, agent.balance()]).toEqual([0, 40, 0]);
  });

  test('what a heartbeat has told and no batch brought is in flight, and lost with the agent when another start has followed', () => {
    const agent = new Agent();
    agent.comes(1);
    agent.tells({}, 4);
    expect(agent.balance()).toBe(30);
    agent.take(end(agent.ledger));
    agent.take(end(agent.ledger));
    expect([agent.sums.lostSpool, agent.balance()]).toEqual([30, 0]);
    // It had a spool on disk after all.
    agent.comes(3);
    expect([agent.sums.lostSpool, agent.balance()]).toEqual([20, 0]);
  });

  test('a start that was thought to be over and tells more is judged again', () => {
    const agent = new Agent();
    agent.comes(1);
    agent.take(end(agent.ledger));
    agent.tells({}, 3);
    expect(agent.balance()).toBe(20);
    agent.take(end(agent.ledger));
    expect([agent.sums.lostSpool, agent.balance()]).toEqual([20, 0]);
  });

  test('counters of probes are added as they grow; what is told again or late adds nothing', () => {
    const agent = new Agent();
    const probe = (seen: number) => ({
      ...{ name: 'drops', seen, filtered: seen / 10, sampledAway: 0, aggregated: seen - seen / 10, lost: 0, missed: 1 },
      ...{ reported: seen / 2, elsewhere: 0, lostBefore: 0 },
    });
    for (const seen of [100, 200, 100, 200]) agent.tells({ probes: [probe(seen)] }, 1);
    expect(agent.sums).toMatchObject({
      dropsseen: 200,
      dropsfiltered: 20,
      dropsaggregated: 180,
      dropsreported: 100,
      dropsmissed: 1,
    });
    agent.take(end(agent.ledger));
    expect(agent.sums.dropslostSidecar).toBe(80);
  });
});
