/** Reads pcapng as a test wants it: written after the format's draft, apart from the code that writes. */

export interface PcapngSection {
  readonly comment: string;
  readonly interfaces: {
    name: string;
    description: string;
    filter: string;
    linkType: number;
    received?: bigint;
    dropped?: bigint;
  }[];
  readonly packets: {
    readonly interface: number;
    readonly at: bigint;
    readonly length: number;
    readonly bytes: Buffer;
  }[];
}

/** @throws when a block is not whole or its two lengths differ */
export function readPcapng(bytes: Buffer): PcapngSection[] {
  const sections: PcapngSection[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    if (length % 4 !== 0 || at + length > bytes.length || bytes.readUInt32LE(at + length - 4) !== length)
      throw new Error(`the block at ${at} is broken`);
    const body = bytes.subarray(at + 8, at + length - 4);
    at += length;
    if (type === 0x0a0d0d0a) {
      if (body.readUInt32LE(0) !== 0x1a2b3c4d) throw new Error('not little endian');
      sections.push({ comment: options(body.subarray(16)).get(1)?.toString() ?? '', interfaces: [], packets: [] });
      continue;
    }
    const section = sections.at(-1);
    if (section === undefined) throw new Error('a block before any section');
    if (type === 1) {
      const of = options(body.subarray(8));
      section.interfaces.push({
        name: of.get(2)?.toString() ?? '',
        description: of.get(3)?.toString() ?? '',
        filter: of.get(11)?.subarray(1).toString() ?? '',
        linkType: body.readUInt16LE(0),
      });
      if (of.get(9)?.[0] !== 9) throw new Error('not in nanoseconds');
    } else if (type === 6)
      section.packets.push({
        interface: body.readUInt32LE(0),
        at: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
        length: body.readUInt32LE(16),
        bytes: body.subarray(20, 20 + body.readUInt32LE(12)),
      });
    else if (type === 5) {
      const of = options(body.subarray(12));
      const link = section.interfaces[body.readUInt32LE(0)];
      if (link === undefined) throw new Error('statistics of an unknown interface');
      link.received = of.get(4)?.readBigUInt64LE() ?? -1n;
      link.dropped = of.get(5)?.readBigUInt64LE() ?? -1n;
    } else throw new Error(`unexpected block ${type}`);
  }
  return sections;
}

function options(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const code = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    if (code === 0) break;
    found.set(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + ((length + 3) & ~3);
  }
  return found;
}
