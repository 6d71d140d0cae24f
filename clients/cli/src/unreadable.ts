/** Why a file that somebody named can't be read, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'it is a folder; name a file',
  EACCES: 'this user may not read it',
};

export function whyUnreadable(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  return WORDS[code] ?? (cause instanceof Error ? cause.message : String(cause));
}
