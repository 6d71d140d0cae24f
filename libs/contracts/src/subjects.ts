/**
 * Subjects. Clusters' and nodes' names become one token each: NATS splits at dots and gives `*`, `>` a meaning,
 * and node names may hold dots, so all but [A-Za-z0-9_-] is written as `=XX` (UTF-8 bytes in hexadecimal).
 */
export const subjectToken = (name: string): string => name.replace(/[^A-Za-z0-9_-]+/g, escaped);

/** UTF-8 writes no character beyond ASCII with a byte of ASCII's, so a run can be escaped whole. */
function escaped(run: string): string {
  let token = '';
  for (const byte of new TextEncoder().encode(run)) token += `=${byte.toString(16).padStart(2, '0')}`;
  return token;
}

/** The name that a token stands for. */
export const nameOfToken = (token: string): string =>
  token.replace(/(=[0-9a-f]{2})+/g, (run) =>
    new TextDecoder().decode(Uint8Array.from(run.slice(1).split('='), (byte) => Number.parseInt(byte, 16))),
  );

export const collectSubject = (cluster: string, node: string): string =>
  `collect.${subjectToken(cluster)}.${subjectToken(node)}`;
export const eventsSubject = (cluster: string, node: string): string =>
  `events.${subjectToken(cluster)}.${subjectToken(node)}`;
export const heartbeatSubject = (cluster: string, node: string): string =>
  `agents.${subjectToken(cluster)}.${subjectToken(node)}`;
