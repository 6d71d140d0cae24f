/**
 * A rule in nft's language, from its expressions: for people to read. What has no words there is printed as the expression
 * with its registers, `[ bitwise … ]`. Made on demand: of 100,000 rules a few are read.
 */
import { type Datatype, isHostOrder, numberOf, writeValue } from './datatypes.ts';
import type { Hex, NftExpr, Register } from './expressions.ts';
import { actionText, type Reader } from './print-actions.ts';
import { type Headers, headerOption, type Loaded, load, payload } from './print-loads.ts';
import { type KeyField, rangeText, setText, verdictText } from './print-set.ts';
import type { NftFamily, NftSet } from './ruleset.ts';

export interface PrintContext {
  readonly family: NftFamily;
  readonly set: (name: string) => NftSet | undefined;
  readonly byteOrder: 'little' | 'big';
}

/** What a register holds: a constant, or something loaded, perhaps masked. */
interface Term extends Loaded {
  readonly data: Hex | null;
  readonly mask: Hex | null;
  /** From byteorder: the value compared is in network order. */
  readonly swapped: boolean;
}

const FIXED: Readonly<Record<NftFamily, Headers['network']>> = {
  ip: 'ip',
  ip6: 'ip6',
  arp: 'arp',
  inet: null,
  bridge: null,
  netdev: null,
};
const NETWORK_OF: Readonly<Record<string, Headers['network']>> = {
  ipv4: 'ip',
  ipv6: 'ip6',
  ip: 'ip',
  ip6: 'ip6',
  arp: 'arp',
};
const OPERATORS = { eq: '', neq: '!= ', lt: '< ', lte: '<= ', gt: '> ', gte: '>= ' } as const;

export function printNftRule(expressions: readonly NftExpr[], context: PrintContext): string {
  const printer = new Printer(context);
  for (let i = 0; i < expressions.length; i++) {
    const [e, next] = [expressions[i], expressions[i + 1]];
    if (e === undefined) break;
    if (e.kind === 'cmp' && e.op === 'gte' && next?.kind === 'cmp' && next.op === 'lte' && next.sreg === e.sreg) {
      printer.range(e.sreg, '', e.data, next.data);
      i++;
    } else printer.add(e);
  }
  return printer.text();
}

/** Statements so far, and the registers. A dependency (`meta l4proto tcp`) is dropped once a field says it (`tcp dport`). */
class Printer {
  readonly #context: PrintContext;
  readonly #statements: (string | null)[] = [];
  readonly #registers = new Map<Register, Term>();
  readonly #headers: Headers;
  readonly #dependency: { network: number | null; transport: number | null; link: number | null } = {
    network: null,
    transport: null,
    link: null,
  };

  constructor(context: PrintContext) {
    this.#context = context;
    this.#headers = { network: FIXED[context.family], transport: null };
  }

  text(): string {
    return this.#statements.filter((s) => s !== null).join(' ');
  }

  #say(statement: string): number {
    return this.#statements.push(statement) - 1;
  }

  #write(type: Datatype, data: Hex): string {
    return writeValue(type, data, this.#context.byteOrder);
  }

  #term(register: Register): Term {
    const nothing = { words: `reg ${register}`, type: 'hex', bytes: 4, fields: [] } as const;
    return this.#registers.get(register) ?? { ...nothing, data: null, mask: null, swapped: false };
  }

  /** The loads that a key of so many bytes is made of. */
  #key(register: Register, bytes: number): readonly Term[] {
    const terms: Term[] = [];
    for (let at = 0; at < bytes; ) {
      const term = this.#term(register + at / 4);
      terms.push(term);
      at += Math.max(4, Math.ceil(term.bytes / 4) * 4);
    }
    return terms;
  }

  #operand = (register: Register, bytes: number): string =>
    this.#key(register, bytes)
      .map((t) => t.words)
      .join(' . ');

  /** As an argument: a constant in the type that its place asks for. */
  #value: Reader = (register, type) => {
    const { data, words } = this.#term(register);
    return data === null ? words : this.#write(type, data);
  };

  range(register: Register, not: string, from: Hex, to: Hex): void {
    const term = this.#term(register);
    const type = term.swapped || !isHostOrder(term.type) ? inNetworkOrder(term.type) : term.type;
    this.#say(`${term.words} ${not}${rangeText(from, to, type, 'big')}`);
  }

  #compare(e: NftExpr & { kind: 'cmp' }): void {
    const term = this.#term(e.sreg);
    if (term.fields.length > 1 && e.op === 'eq') {
      let at = 0;
      for (const field of term.fields) {
        this.#say(`${field.name} ${this.#write(field.type, e.data.slice(at * 2, (at + field.length) * 2))}`);
        at += field.length;
      }
      return;
    }
    const at = this.#say(this.#comparison(term, e));
    if (e.op === 'eq') this.#depend(term, e.data, at);
  }

  #comparison(term: Term, e: NftExpr & { kind: 'cmp' }): string {
    const type = term.swapped ? inNetworkOrder(term.type) : term.type;
    const operator = OPERATORS[e.op];
    const [field] = term.fields;
    if (term.mask !== null) return this.#masked(term, term.mask, e);
    if (field !== undefined && e.data.length < field.length * 2) {
      const address = this.#write(type, e.data.padEnd(field.length * 2, '0'));
      return `${term.words} ${operator}${address}/${e.data.length * 4}`;
    }
    if (term.type === 'flag' && /^(fib|exthdr|tcp option|ip option|rt ipsec)/.test(term.words))
      return `${term.words} ${numberOf(e.data) === 0n ? 'missing' : 'exists'}`;
    return `${term.words} ${operator}${this.#write(type, e.data)}`;
  }

  #masked(term: Term, mask: Hex, e: NftExpr & { kind: 'cmp' }): string {
    const ones = numberOf(mask).toString(2);
    const isPrefix = !ones.replace(/0+$/, '').includes('0') && ones.length === mask.length * 4;
    if (isPrefix && (term.type === 'ipv4' || term.type === 'ipv6'))
      return `${term.words} ${OPERATORS[e.op]}${this.#write(term.type, e.data)}/${ones.replace(/0+$/, '').length}`;
    const isBits = term.type === 'ct-state' || term.type === 'ct-status' || term.type === 'tcp-flags';
    if (isBits && e.op === 'neq' && numberOf(e.data) === 0n) return `${term.words} ${this.#write(term.type, mask)}`;
    if (term.type === 'tcp-flags')
      return `${term.words} ${OPERATORS[e.op]}${this.#write(term.type, e.data)} / ${this.#write(term.type, mask)}`;
    const operator = e.op === 'eq' ? '== ' : OPERATORS[e.op];
    return `${term.words} & ${this.#write(term.type, mask)} ${operator}${this.#write(term.type, e.data)}`;
  }

  /** What this comparison says about the headers, for fields that follow. */
  #depend(term: Term, data: Hex, at: number): void {
    const written = this.#write(term.type, data);
    if (term.words === 'meta l4proto' || term.words === 'ip protocol' || term.words === 'ip6 nexthdr') {
      this.#headers.transport = Number(numberOf(data));
      if (term.words === 'meta l4proto') this.#dependency.transport = at;
    }
    if (term.words === 'meta nfproto' || term.words === 'meta protocol' || term.words === 'ether type') {
      this.#headers.network = NETWORK_OF[written] ?? this.#headers.network;
      this.#dependency.network = at;
    }
    if (term.words === 'iiftype' || term.words === 'oiftype') this.#dependency.link = at;
  }

  /** A field of a header says that the header is there: what asked for it before is not written. */
  #forget(words: string): void {
    const layer = words.startsWith('ether ')
      ? 'link'
      : /^(ip6?|arp) /.test(words)
        ? 'network'
        : /^(icmpv?6?|tcp|udp|sctp|dccp|esp|ah) /.test(words)
          ? 'transport'
          : null;
    if (layer === null) return;
    const layers = words.startsWith('icmp') ? (['network', layer] as const) : ([layer] as const);
    for (const each of layers) {
      const at = this.#dependency[each];
      if (at !== null) this.#statements[at] = null;
      this.#dependency[each] = null;
    }
  }

  #computed(term: Term, e: NftExpr & { kind: 'bitwise' }): Partial<Term> {
    const data = e.data === null ? (e.sreg2 === null ? '?' : this.#term(e.sreg2).words) : null;
    if (e.op === 'lshift' || e.op === 'rshift') {
      const by = e.data === null ? data : numberOf(e.data, this.#context.byteOrder);
      return { words: `${term.words} ${e.op === 'lshift' ? '<<' : '>>'} ${by}` };
    }
    if (e.op !== 'mask-xor') {
      const sign = { and: '&', or: '|', xor: '^' }[e.op];
      return { words: `${term.words} ${sign} ${data ?? this.#write(term.type, e.data ?? '')}` };
    }
    const [mask, xor] = [e.mask ?? '', e.xor ?? ''];
    if (numberOf(xor) === 0n) return { mask };
    const all = (1n << BigInt(mask.length * 4)) - 1n;
    if (numberOf(mask) === all) return { words: `${term.words} ^ ${this.#write(term.type, xor)}` };
    if ((numberOf(mask) ^ all) === numberOf(xor)) return { words: `${term.words} | ${this.#write(term.type, xor)}` };
    return { words: `${term.words} & ${this.#write(term.type, mask)} ^ ${this.#write(term.type, xor)}` };
  }

  #lookup(e: NftExpr & { kind: 'lookup' }): void {
    const set = this.#context.set(e.set);
    const terms = this.#key(e.sreg, set?.keyBytes ?? 4);
    const key = terms.map((t) => this.#wholeWords(t)).join(' . ');
    const fields: readonly KeyField[] = terms;
    const named = set === undefined ? `@${e.set}` : setText(set, fields, this.#context.byteOrder);
    if (e.verdict) this.#say(`${key} vmap ${named}`);
    else if (e.dreg === null) this.#say(`${key} ${e.invert ? '!= ' : ''}${named}`);
    else {
      const bytes = set?.dataBytes ?? 4;
      this.#registers.set(e.dreg, {
        words: `${key} map ${named}`,
        type: 'hex',
        bytes,
        fields: [],
        data: null,
        mask: null,
        swapped: false,
      });
    }
  }

  #wholeWords(term: Term): string {
    return term.mask === null ? term.words : `${term.words} & ${this.#write(term.type, term.mask)}`;
  }

  /** What is put into `meta mark`, a header field…: a constant in that place's type. */
  #assign(words: string, type: Datatype, register: Register): void {
    const term = this.#term(register);
    this.#say(`${words} set ${term.data === null ? this.#wholeWords(term) : this.#write(type, term.data)}`);
  }

  add(e: NftExpr): void {
    const term = load(e, this.#headers, this.#operand);
    if (term !== null && 'dreg' in e && typeof e.dreg === 'number') {
      this.#registers.set(e.dreg, { ...term, data: null, mask: null, swapped: false });
      this.#forget(term.fields[0]?.name ?? term.words);
      return;
    }
    switch (e.kind) {
      case 'immediate':
        this.#registers.set(e.dreg, {
          words: '',
          type: 'hex',
          bytes: e.data.length / 2,
          fields: [],
          data: e.data,
          mask: null,
          swapped: false,
        });
        return;
      case 'cmp':
        this.#compare(e);
        return;
      case 'range':
        this.range(e.sreg, e.op === 'neq' ? '!= ' : '', e.from, e.to);
        return;
      case 'bitwise':
        this.#registers.set(e.dreg, { ...this.#term(e.sreg), ...this.#computed(this.#term(e.sreg), e) });
        return;
      case 'byteorder':
        this.#registers.set(e.dreg, { ...this.#term(e.sreg), swapped: true });
        return;
      case 'lookup':
        this.#lookup(e);
        return;
      case 'verdict':
        this.#say(verdictText(e.verdict));
        return;
      case 'meta-set':
      case 'ct-set': {
        const target = load(
          { ...e, kind: e.kind === 'meta-set' ? 'meta' : 'ct', dreg: 0, direction: null } as NftExpr,
          this.#headers,
          this.#operand,
        );
        this.#assign(target?.words ?? e.key, target?.type ?? 'hex', e.sreg);
        return;
      }
      case 'payload-set': {
        const target = payload(e, this.#headers);
        this.#forget(target.words);
        this.#assign(target.words, target.type, e.sreg);
        return;
      }
      case 'exthdr-set':
        this.#assign(`${headerOption(e.op, e.type)} size`, 'decimal', e.sreg);
        return;
      case 'dynset': {
        const set = this.#context.set(e.set);
        const timeout = e.timeoutMs === null ? '' : ` timeout ${e.timeoutMs / 1000}s`;
        const state = e.expressions.map((inner) => ` ${actionText(inner, this.#value, this.#context.family)}`).join('');
        const data = e.sregData === null ? '' : ` : ${this.#wholeWords(this.#term(e.sregData))}`;
        this.#say(`${e.op} @${e.set} { ${this.#operand(e.sregKey, set?.keyBytes ?? 4)}${timeout}${state}${data} }`);
        return;
      }
      case 'objref':
        this.#objref(e);
        return;
      default:
        this.#say(actionText(e, this.#value, this.#context.family));
    }
  }

  #objref(e: NftExpr & { kind: 'objref' }): void {
    const OBJECTS: Readonly<Record<number, string>> = {
      1: 'counter name',
      2: 'quota name',
      3: 'ct helper set',
      4: 'limit name',
      7: 'ct timeout set',
      9: 'ct expectation set',
      10: 'synproxy name',
    };
    if (e.name !== null) {
      this.#say(`${OBJECTS[e.type] ?? `object ${e.type} name`} "${e.name}"`);
      return;
    }
    const set = this.#context.set(e.set ?? '');
    const terms = this.#key(e.sreg ?? 0, set?.keyBytes ?? 4);
    const named = set === undefined ? `@${e.set}` : setText(set, terms, this.#context.byteOrder);
    this.#say(`counter name ${terms.map((t) => t.words).join(' . ')} map ${named}`);
  }
}

const inNetworkOrder = (type: Datatype): Datatype =>
  isHostOrder(type) ? (type === 'host-hex' ? 'hex' : 'decimal') : type;
