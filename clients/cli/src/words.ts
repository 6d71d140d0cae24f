/** Splits a command line into words with single and double quotes, as a remedy writes them. No shell is involved. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/(?:[^\s"']+|"(?:[^"\\]|\\.)*"|'[^']*')+/g))
    words.push(
      match[0].replace(
        /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
        (_, double?: string, single?: string) => double?.replace(/\\(.)/g, '$1') ?? single ?? '',
      ),
    );
  return words;
}

/** The commands of a line that joins them with `&&`: the next is run only when the one before succeeded. */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  for (const word of splitWords(line)) {
    if (word === '&&') commands.push([]);
    else commands.at(-1)?.push(word);
  }
  return commands.filter((command) => command.length > 0);
}
