/** The state of one walk through a base chain: registers, the packet as it is by now, and what is not known of it. */
import type { Hex } from '@netverdict/linux-net';
import type { Step } from '@netverdict/verdict';
import type { Packet } from '../packet/packet.ts';
import { makeStep } from '../trace/recorder.ts';
import type { Missing, Option } from '../walk/choices.ts';
import type { CompiledNftChain, CompiledNftRule, CompiledNftTable } from './compile.ts';
import type { NftContext } from './context.ts';
import { networkHeader, transportHeader } from './header.ts';
import type { Outcome } from './outcome.ts';
import { Registers } from './registers.ts';

interface Headers {
  readonly of: Packet;
  readonly network: Hex;
  readonly transport: Hex;
}

export class Evaluation {
  #headers: Headers | null = null;
  readonly table: CompiledNftTable;
  readonly context: NftContext;
  readonly steps: Step[] = [];
  registers = new Registers();
  packet: Packet;
  /** Names of what `??` bytes of this rule's registers stand for. */
  readonly unread = new Set<string>();
  chain: CompiledNftChain;
  rule: CompiledNftRule | null = null;
  /** Whether the rule matches is not known, and makes no difference. */
  maybe = false;
  /** Position of the expression that runs. */
  at = 0;

  constructor(table: CompiledNftTable, chain: CompiledNftChain, context: NftContext) {
    this.table = table;
    this.chain = chain;
    this.context = context;
    this.packet = context.packet;
  }

  /** The packet's headers, written once for all rules that read them; the network header goes on into what follows. */
  headers(): Headers {
    if (this.#headers?.of !== this.packet) {
      const transport = transportHeader(this.packet);
      this.#headers = { of: this.packet, network: networkHeader(this.packet) + transport, transport };
    }
    return this.#headers;
  }

  /** Whether the rule goes on from here cannot be told: both ways are followed where it matters. */
  uncertain(what: string): 'next' | 'break' {
    if (this.rule && this.at >= this.rule.inertFrom) {
      this.maybe = true;
      return 'next';
    }
    return this.ask(`${this.place()} matches`, what) ? 'next' : 'break';
  }

  /** What an expression does is not known: it does nothing to the packet, or the walk ends where knowledge does. */
  unknownEffect(what: string): Outcome {
    return this.ask(`${this.place()} lets the packet go on unchanged`, what) ? 'next' : { does: 'open', what };
  }

  ask(question: string, what: string): boolean {
    const missing = this.missing(what);
    const answer = this.context.walk.choices.unknown(question, missing);
    this.tell(`${this.place()} depends on ${what}; here taken as ${answer ? 'so' : 'not so'}: ${question}`, 'branch');
    return answer;
  }

  pick(options: readonly Option[], what: string): number {
    return this.context.walk.choices.choose('unknown', options, this.missing(what));
  }

  place(): string {
    return `${this.chain.chain.name} rule ${this.rule?.rule.position ?? 0}`;
  }

  /** What the unknown bytes are, in words. */
  unreadText(): string {
    return this.unread.size === 0 ? 'what is not known of the packet' : [...this.unread].join(' and ');
  }

  missing(what: string): Missing {
    const { table, chain, rule, context } = this;
    const { ns } = context;
    const name = `${table.family} ${table.name}`;
    const position = rule?.rule.position ?? 0;
    return {
      kind: 'nftables',
      place: ns.key,
      node: ns.node,
      text: `rule ${position} of chain ${chain.chain.name} (nft, table ${name}) depends on ${what}`,
      zh: `nftables ${name} 表 ${chain.chain.name} 链第 ${position} 条规则的结果无法判断(取决于 ${what})`,
      evidence: this.evidence(),
    };
  }

  evidence(): Step['evidence'] & readonly unknown[] {
    const { rule } = this;
    if (!rule) return [];
    const { section } = this.table;
    const { line, text } = rule.rule.evidence;
    return [
      { section: section?.digest ?? null, kind: section?.kind ?? 'nftables', line, text, at: section?.at ?? null },
    ];
  }

  tell(text: string | (() => string), action: Step['action'], packet?: Packet): void {
    this.context.walk.spend('step');
    if (!this.context.walk.telling) return;
    this.steps.push(
      makeStep({
        kind: action === 'branch' ? 'unknown' : 'rule',
        text: typeof text === 'string' ? text : text(),
        action,
        detail: {
          table: `${this.table.family} ${this.table.name}`,
          chain: this.chain.chain.name,
          rule: this.rule?.rule.position ?? null,
          comment: this.rule?.rule.comment ?? null,
        },
        evidence: this.evidence(),
        ...(packet ? { packet } : {}),
      }),
    );
  }

  /** A rule whose expressions all passed, or that came to a verdict: what the kernel's trace prints. */
  remember(rule: number | 'policy', chain = this.chain.chain.name): void {
    const { walk, ns } = this.context;
    if (!walk.telling) return;
    walk.rulesMet.push({
      namespace: ns.key,
      direction: walk.direction,
      tool: this.table.family,
      table: this.table.name,
      chain,
      rule,
      ...(this.maybe && rule !== 'policy' ? { maybe: true } : {}),
    });
  }
}
