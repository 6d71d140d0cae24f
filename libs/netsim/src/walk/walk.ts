/** One run: a packet and its answer, followed along one sequence of choices. */
import type { Flow, IpAddress, Link, Mac, NamespaceKey, NftElement, Socket } from '@netverdict/linux-net';
import type { Choice, Direction, Disposition, Evidence, Step } from '@netverdict/verdict';
import type { Errors } from '../answer/pieces.ts';
import { Conntrack } from '../conntrack/table.ts';
import type { LearnedNeighbour } from '../neighbour/learned.ts';
import { innermost, type Packet } from '../packet/packet.ts';
import { type Place, Recorder, type StepInput } from '../trace/recorder.ts';
import type { World, WorldNamespace } from '../world/world.ts';
import { Allowance, Budget, COST, DEFAULT_MAX_WORK } from './budget.ts';
import { Choices, type Missing, type Option } from './choices.ts';
import type { Feature } from './features/index.ts';
import type { Lens } from './lens.ts';
import type { Next } from './next.ts';
import type { Arrived, Heard, RuleMet, ToldOfAnswer } from './observable.ts';
import type { Cause, Stop } from './stop.ts';

interface StopDetails {
  readonly evidence?: readonly Evidence[];
  readonly kind?: Step['kind'];
  readonly steps?: readonly Step[];
  /** The namespace that sent the packet where it was lost, when it was lost on the wire or outside. */
  readonly owner?: WorldNamespace;
}

/** How a way is walked; where it leads to is the same. */
export interface Manner {
  readonly telling: boolean;
  readonly indexes: boolean;
  readonly traced: boolean;
}

export class Walk {
  readonly world: World;
  readonly flow: Flow;
  readonly choices: Choices;
  readonly #allowance: Allowance;
  readonly conntrack = new Conntrack();
  readonly recorder = new Recorder();
  direction: Direction = 'forward';
  /** As the source's socket sent it, before any NAT; set once made. */
  original: Packet | null = null;
  /** The answer as its sender sent it; null while the packet is still on its way there. */
  answering: Packet | null = null;
  /** The handshake's third packet is under way. */
  confirming = false;
  /** The packet has left the cluster for an address outside; its answer comes from there. */
  exited = false;
  /** As it left the cluster. */
  left: Packet | null = null;
  /** The namespace in which the packet arrived and which answers. */
  answeredBy: NamespaceKey | null = null;
  /** What `recent --set` has stored in this run: list name and address, and how often. */
  get recent(): Map<string, number> {
    this.#recent ??= new Map();
    return this.#recent;
  }
  #recent: Map<string, number> | null = null;
  /** Sets that a rule has changed in this run: namespace and name. */
  get changedSets(): Set<string> {
    this.#changedSets ??= new Set();
    return this.#changedSets;
  }
  #changedSets: Set<string> | null = null;
  /** Link-layer addresses that members of sets without one were given in this run: by namespace, set and address. */
  get filledMembers(): Map<string, Mac> {
    this.#filledMembers ??= new Map();
    return this.#filledMembers;
  }
  #filledMembers: Map<string, Mac> | null = null;
  /** What nft rules of this run have added to their sets, or (null) taken out: by set, by key. */
  get nftElements(): Map<string, Map<string, NftElement | null>> {
    this.#nftElements ??= new Map();
    return this.#nftElements;
  }
  #nftElements: Map<string, Map<string, NftElement | null>> | null = null;
  /** What bridges and tunnels have learned in this run: `namespace device MAC` to a port's index or a tunnel end's address. */
  get learned(): Map<string, number | bigint> {
    this.#learned ??= new Map();
    return this.#learned;
  }
  #learned: Map<string, number | bigint> | null = null;
  /** The source ports that tunnels have given their outer packets in this run, by the flow within. */
  get outerPorts(): Map<string, number> {
    this.#outerPorts ??= new Map();
    return this.#outerPorts;
  }
  #outerPorts: Map<string, number> | null = null;
  /** The socket that took the packet and answers. */
  answerer: Socket | null = null;
  /** See neighbour/learned.ts. */
  readonly neighbours: LearnedNeighbour[] = [];
  #aside = false;
  /** Receptions by place, device and tuple: the same one for the third time is a loop. */
  readonly #seen: Reception[] = [];
  /** The packet as the receiver's socket got it; null until then. */
  arrived: Arrived | null = null;
  heard: Heard = { kind: 'silence' };
  /** The packet goes in circles: so it is told, while it is followed on in silence until its TTL is used up. */
  circle: Stop | null = null;
  /** It was left in it before its end, since lots are drawn at each turn: what it meets from there on is not told. */
  leftInCircle = false;
  #choicesBefore = 0;
  /** The error or RST that somebody sent about the packet, whether or not it was heard. */
  told: Packet | null = null;
  /** So often that counts where routers count the errors of their routes. */
  refusals = 1;
  /** An error that a host on the way sent about the answer (or about a RST): who is told, and what. It is not followed. */
  toldOfAnswer: ToldOfAnswer | null = null;
  /** So many copies of a flooded frame were rejected alike. */
  rejectedCopies = 1;
  /** Devices whose transmission led to the next one's, and tunnels twice (dev_xmit_recursion_inc): see link/vxlan.ts. */
  transmissions = 0;
  /** More than one error is sent about the packet, one behind the other. */
  errors: Errors | null = null;
  /** How the packet ended, while its error or RST is on the way back. */
  grave: Stop | null = null;
  /** So many of `rulesMet` are the first packet's and its answer's; null: all. */
  seenByEnds: number | null = null;
  /** Rules whose conditions the packet and its answer met, in order. */
  readonly rulesMet: RuleMet[] = [];
  readonly lens: Lens | null;
  /** False: nobody wants the trace, the rules met or the labels of the choices; the way is the same. */
  readonly telling: boolean;
  /** False: rules are walked one by one. */
  readonly indexes: boolean;
  /** A trace asks for the hash of every packet that meets a rule (trace_fill_id). */
  readonly traced: boolean;
  readonly #labels: Choice[] = [];
  #collapsed = 0;

  constructor(
    world: World,
    flow: Flow,
    prefix: readonly number[],
    allowance = new Allowance(new Budget(DEFAULT_MAX_WORK)),
    lens: Lens | null = null,
    { telling = true, indexes = true, traced = false }: Partial<Manner> = {},
  ) {
    this.lens = lens;
    this.telling = telling;
    this.indexes = indexes;
    this.traced = traced;
    this.#allowance = allowance;
    this.world = world;
    this.flow = flow;
    this.choices = new Choices(prefix);
  }

  /** False: the budget is used up, and the run is to be abandoned. */
  spend(what: keyof typeof COST): boolean {
    this.#allowance.spend(COST[what]);
    return !this.#allowance.exhausted(this.choices.points.length);
  }

  /** What `ask` costs is spent again where its answer is taken from memory: a question costs the same the second time. */
  get spent(): number {
    return this.#allowance.spent;
  }

  spendAgain(units: number): void {
    this.#allowance.spend(units);
  }

  /** Every modelled meaning passes here with its name: see lens.ts. */
  sees(feature: Feature, answer: boolean): boolean {
    return this.lens === null ? answer : this.lens.sees(feature, answer);
  }

  /** A function is called only where the step is told: the texts are most of a verdict's cost. */
  step(at: WorldNamespace | Place, input: StepInput | (() => StepInput)): void {
    this.#allowance.spend(COST.step);
    if (!this.#aside && this.telling && !this.#silent)
      this.recorder.add(placeOf(at), this.direction, typeof input === 'function' ? input() : input);
  }

  get #silent(): boolean {
    return this.circle?.direction === this.direction || (this.errors !== null && this.errors.handed.length > 1);
  }

  /** It comes from one device to another (an error, too), whose host takes it up anew. */
  handsOn(): void {
    this.transmissions = 0;
    this.errors?.handed.at(-1)?.push(this.rulesMet.length);
  }

  /**
   * neigh_invalidate: an error that is sent to the very neighbour that has just been given up has it asked for again, and of what
   * waited for it nobody is told any more.
   */
  asksAgain(ns: WorldNamespace, link: Link, address: IpAddress): void {
    const { cause, place } = this.grave ?? {};
    if (this.errors === null || this.errors.handed.at(-1)?.length !== 1 || cause?.kind !== 'neighbour') return;
    if (place !== ns.key || cause.link.ifindex !== link.ifindex || cause.address !== address) return;
    this.errors = { ...this.errors, count: this.errors.handed.length };
  }

  /** The error behind the one that is through. */
  nextError(): Next | null {
    if (this.errors === null || this.errors.handed.length >= this.errors.count) return null;
    this.errors.handed.push([this.rulesMet.length]);
    this.#seen.length = 0;
    return this.errors.next;
  }

  /** Questions about another packet than the one that is followed (who would answer an ARP request?) leave no steps and no rules met. */
  aside<T>(ask: () => T): T {
    const [was, rules] = [this.#aside, this.rulesMet.length];
    this.#aside = true;
    try {
      return ask();
    } finally {
      this.#aside = was;
      this.rulesMet.length = rules;
    }
  }

  stop(
    at: WorldNamespace | Place,
    packet: Packet,
    disposition: Disposition,
    cause: Cause,
    text: string,
    more: StopDetails = {},
  ): Next {
    const place = placeOf(at);
    const evidence = more.evidence ?? [];
    // Out of the circle by another way than its TTL.
    if (cause.kind !== 'ttl-expired' && !this.#aside) this.circle = null;
    this.step(at, {
      kind: more.kind ?? 'check',
      text,
      action: disposition === 'insufficient-info' ? 'unknown' : 'stop',
      evidence,
      ...(more.steps ? { steps: more.steps } : {}),
      packet,
    });
    const stop: Stop = {
      disposition,
      cause,
      place: more.owner?.key ?? (place.kind === 'wire' || place.kind === 'outside' ? null : place.key),
      node: more.owner?.node ?? place.node,
      direction: this.direction,
      packet,
      evidence,
    };
    return { do: 'end', stop };
  }

  /** The way ends where knowledge does. */
  unknown(at: WorldNamespace | Place, packet: Packet, missing: Missing): Next {
    return this.stop(at, packet, 'insufficient-info', { kind: 'unknown', missing }, `unknown: ${missing.text}`, {
      evidence: missing.evidence,
      kind: 'unknown',
    });
  }

  /** The other answer to an unknown: it does stop the packet. */
  lost(at: WorldNamespace | Place, packet: Packet, missing: Missing): Next {
    return this.stop(at, packet, 'dropped', { kind: 'unknown', missing }, `taken as lost: ${missing.text}`, {
      evidence: missing.evidence,
      kind: 'unknown',
    });
  }

  /** Both answers are followed; the step says that it was asked. */
  ask(
    at: WorldNamespace | Place,
    question: string,
    missing: Missing,
    key?: string,
    usual: boolean | null = null,
  ): boolean {
    const answer = this.choices.unknown(question, missing, key, usual);
    this.step(at, {
      kind: 'unknown',
      text: `${missing.text}; here taken as ${answer ? 'so' : 'not so'}: ${question}`,
      action: 'branch',
      evidence: missing.evidence,
    });
    return answer;
  }

  /** With a key, the same question gets the same answer for the whole run. */
  choose(what: Choice['what'], options: readonly Option[], key?: string): number {
    // A neighbour is asked again when its answer is lost, and its entry serves the packets after: of what a rule's lots do to
    // such questions, no share of the connections can be told.
    const drawn = this.#aside && what === 'rule' ? options.map((option) => ({ ...option, share: null })) : options;
    return this.choices.choose(what, drawn, null, key);
  }

  /** The random choices since the last label led to this backend: one choice for the reader instead of several. */
  label(what: Choice['what'], label: string): void {
    if (!this.telling) return;
    const points = this.choices.points.slice(this.#collapsed).filter((point) => point.what !== 'unknown');
    if (points.length === 0) return;
    this.#flushUnknowns();
    this.#collapsed = this.choices.points.length;
    this.#labels.push({ what, label, share: product(points.map((p) => p.options[p.taken]?.share ?? null)) });
  }

  #flushUnknowns(): void {
    for (const point of this.choices.points.slice(this.#collapsed))
      if (point.what === 'unknown')
        this.#labels.push({ what: 'unknown', label: point.options[point.taken]?.label ?? '', share: null });
  }

  labels(): readonly Choice[] {
    const rest = this.choices.points.slice(this.#collapsed).map(
      (point): Choice => ({
        what: point.what,
        label: point.options[point.taken]?.label ?? '',
        share: point.options[point.taken]?.share ?? null,
      }),
    );
    return [...this.#labels, ...rest];
  }

  /**
   * Twice before this packet has come to this device: it goes in circles, and in the end its TTL is used up, which somebody tells
   * the sender. Where it loses none, or lots are drawn at each turn, nothing more is to be learned; `stop` then ends it.
   */
  circles(ns: WorldNamespace, link: Link, packet: Packet, stop: () => Next): Next | null {
    const { ifindex } = link;
    let times = 1;
    let before: Packet | null = null;
    for (const seen of this.#seen)
      if (
        seen.ns === ns &&
        seen.ifindex === ifindex &&
        seen.direction === this.direction &&
        sameHeader(seen.packet, packet)
      ) {
        times++;
        before = seen.packet;
      }
    this.#seen.push({ ns, ifindex, direction: this.direction, packet });
    if (times <= 2) return null;
    const { length } = this.choices.points;
    if (this.circle?.direction === this.direction) {
      if (length === this.#choicesBefore && before !== null && lifeOf(packet) < lifeOf(before)) return null;
      this.leftInCircle = length !== this.#choicesBefore;
      return { do: 'end', stop: this.circle };
    }
    const next = stop();
    if (next.do !== 'end' || before === null || lifeOf(packet) >= lifeOf(before)) return next;
    this.circle = next.stop;
    this.#choicesBefore = length;
    return null;
  }
}

interface Reception {
  readonly ns: WorldNamespace;
  readonly ifindex: number;
  readonly direction: Direction;
  readonly packet: Packet;
}

/** Each turn through a tunnel makes outer headers anew: what is used up is the TTL of the packet within. */
const lifeOf = (packet: Packet): number => innermost(packet).ttl;

const sameHeader = (a: Packet, b: Packet): boolean =>
  a.source === b.source &&
  a.destination === b.destination &&
  a.sport === b.sport &&
  a.dport === b.dport &&
  a.protocol === b.protocol &&
  a.tcpFlags === b.tcpFlags &&
  a.payload?.vni === b.payload?.vni;

export function placeOf(at: WorldNamespace | Place): Place {
  return 'net' in at ? { key: at.key, node: at.node, kind: at.kind } : at;
}

export function product(shares: readonly (number | null)[]): number | null {
  let result = 1;
  for (const share of shares) {
    if (share === null) return null;
    result *= share;
  }
  return result;
}
