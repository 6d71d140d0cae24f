/** A tool refused a line of a world: whoever wrote it must see which. */
export class WorldRefused extends Error {
  override readonly name = 'WorldRefused';
  readonly namespace: string;
  readonly tool: string;
  /** The line itself; null where the tool does not say which. */
  readonly line: string | null;

  constructor(refused: { namespace: string; tool: string; line: string | null; message: string }) {
    super(`${refused.namespace}: ${refused.tool} refuses ${refused.line ?? 'a line'}: ${refused.message}`);
    this.namespace = refused.namespace;
    this.tool = refused.tool;
    this.line = refused.line;
  }
}

/** The number of the line that a tool's complaint names, 1-based. */
export function complainedLine(output: string): number | null {
  // ip and bridge: `Command failed -:3`; nft: `/dev/stdin:3:1-5: Error`; ipset: `Error in line 3`; iptables: `line 3 failed`,
  // `Error occurred at line: 3`.
  const found =
    /Command failed -:(\d+)/.exec(output) ?? /(?:\/dev\/stdin|-):(\d+):\d+/.exec(output) ?? /line:? (\d+)/.exec(output);
  return found?.[1] === undefined ? null : Number(found[1]);
}
