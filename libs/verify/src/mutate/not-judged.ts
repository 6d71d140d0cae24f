/**
 * Parts of the model that no world of this kernel can show, and why. They are not chosen for the mutation run; the rows of
 * unit tests hold them. Everything else of the stack is.
 */
export interface NotJudged {
  readonly file: RegExp;
  /** Declarations at the top of the file; absent: all of it. */
  readonly names?: RegExp;
  readonly why: string;
}

export const NOT_JUDGED: readonly NotJudged[] = [
  {
    file: /^netfilter\/matches\/untellable\.ts$/,
    why: 'matches that no snapshot tells: each is an unknown by its name',
  },
  { file: /^nft\/expressions\/rates\.ts$/, why: 'rates and quotas: not told by a snapshot, or not by a few packets' },
  { file: /^route\/ask\.ts$/, why: 'answers to questions about a route: no packet goes that way' },
  {
    file: /^nft\/(set|expressions\/lookup)\.ts$/,
    names: /^(candidates|indexFirst|guess)$/,
    why: 'what a key with unknown bytes may be: the verdict is an unknown then',
  },
  {
    file: /^(netfilter\/ruleset|nft\/expressions\/(lookup|reject))\.ts$/,
    names: /^(sectionKindOf|shapeOf|named)$/,
    why: 'names of sections, features and answers, for words and counts',
  },
  { file: /^link\/wire\.ts$/, why: 'the network between the nodes and outside: no kernel here is that' },
  { file: /^link\/programs\.ts$/, why: 'programs at devices and cgroups: each is an unknown by its name' },
  { file: /^path\/input\.ts$/, names: /^queueFull$/, why: "sockets whose queue is full: the judge's own never are" },
  {
    file: /^route\/decide-input\.ts$/,
    names: /^(forwardingSysctl|lackingSwitch)$/,
    why: 'the name of a sysctl for the words of a finding, and which one was not collected',
  },
  {
    file: /^netfilter\/matches\/accounts\.ts$/,
    names: /^(connlabel|connlimit|helper)$/,
    why: 'labels and limits of connections: not in this kernel, or an unknown by its name',
  },
  {
    file: /^(nft\/registers|nft\/header)\.ts$/,
    names: /^(compatible|unknownsStay)$/,
    why: 'what unknown bytes may be: the verdict is an unknown then',
  },
  { file: /^nat\/bind\.ts$/, names: /^(end|backendName)$/, why: 'an address and a port in words' },
  { file: /^netfilter\/matches\/header\.ts$/, names: /^(tcpmss|sctpChunks)$/, why: 'unknowns by their names' },
  {
    file: /^nft\/expressions\/rest\.ts$/,
    names: /^(queue|synproxy|flowOffload|objectEffect|xt|unsupported|forwardDevice)$/,
    why: 'programs, SYNPROXY and offload: each is an unknown by its name',
  },
  {
    file: /^nft\/expressions\/index\.ts$/,
    names: /^(observed|turned)$/,
    why: 'how it is found out what is decisive: no verdict runs through it',
  },
  {
    file: /^nft\/expressions\/meta\.ts$/,
    names: /^bridge$/,
    why: "the names of a port's bridge: not in this kernel (CONFIG_NFT_BRIDGE_META)",
  },
  {
    file: /^netfilter\/listed-hooks\.ts$/,
    why: 'the list of hooks: this kernel has none (CONFIG_NETFILTER_NETLINK_HOOK)',
  },
  {
    file: /^answer\/react\.ts$/,
    names: /^(featureOf|aboutAnswer)$/,
    why: 'the name of a meaning, for counts, and what only the judge asks for while it sends',
  },
  {
    file: /^answer\/pieces\.ts$/,
    names: /^refusals$/,
    why: 'how many errors a packet counts as: what only the judge asks for while it sends',
  },
  {
    file: /^netfilter\/matches\/index\.ts$/,
    names: /^evaluateMatch$/,
    why: 'one match by itself, for unit tests: no packet goes that way',
  },
  {
    file: /^netfilter\/stations\.ts$/,
    names: /^inListedOrder$/,
    why: 'the list of hooks: this kernel has none (CONFIG_NETFILTER_NETLINK_HOOK)',
  },
  {
    file: /^conntrack\/track\.ts$/,
    names: /^tableFull$/,
    why: "how many connections there may be is set in the machine's first namespace alone, which is not ours",
  },
  {
    file: /^nft\/(set|expressions\/compare)\.ts$/,
    names: /^(successor|or)$/,
    why: 'intervals with their last key, and `or` of two registers: this kernel and this nft write edges, masks and flips',
  },
];

export const notJudged = (file: string, name: string): boolean =>
  NOT_JUDGED.some((part) => part.file.test(file) && (part.names?.test(name) ?? true));
