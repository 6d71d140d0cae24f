/**
 * Subjects. Clusters' and nodes' names become one token each: NATS splits at dots and gives `*`, `>` a meaning,
 * and node names may hold dots, so all but [A-Za-z0-9_-] is written as `=XX` (UTF-8 bytes in hexadecimal).
 */
export function subjectToken(name: string): string {
  let token = '';
  for (const byte of new TextEncoder().encode(name)) {
    const char = String.fromCharCode(byte);
    token += /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).padStart(2, '0')}`;
  }
  return token;
}

export const collectSubject = (cluster: string, node: string): string =>
  `collect.${subjectToken(cluster)}.${subjectToken(node)}`;
export const eventsSubject = (cluster: string, node: string): string =>
  `events.${subjectToken(cluster)}.${subjectToken(node)}`;
export const heartbeatSubject = (cluster: string, node: string): string =>
  `agents.${subjectToken(cluster)}.${subjectToken(node)}`;
