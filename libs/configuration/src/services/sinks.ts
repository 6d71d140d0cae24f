/** Where eventproc tells what it stores, beside the database. Each is off until it is named. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { absolutePath, contentOf, integer, needs, oneOf, or, orNone, readBy, text, url } from '../setting.ts';

/** It is shown in errors' messages: a password does not belong into it. */
const openUrl = (name: `NETVERDICT_${string}`, about: string) =>
  orNone(
    readBy(url(name, about, ['http', 'https']), (given) => {
      const { href, username, password } = new URL(given);
      if (username !== '' || password !== '') throw new Error('must not hold a name and password');
      return href;
    }),
  );

function writable(file: string): string {
  try {
    if (!statSync(dirname(file)).isDirectory()) throw new Error(`${dirname(file)} is no folder`);
    accessSync(dirname(file), constants.W_OK);
    const there = statSync(file, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) throw new Error('it is no ordinary file');
  } catch (error) {
    throw new Error(`"${file}" cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return file;
}

function headerValue(content: string): string {
  if (!/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(content))
    throw new Error('must hold one line, such as "Bearer …" or "Basic …"');
  return content;
}

const lokiUrl = openUrl('NETVERDICT_SINK_LOKI_URL', 'Loki');

export const SINKS = {
  lokiUrl,
  lokiTenant: orNone(needs(text('NETVERDICT_SINK_LOKI_TENANT', 'tenant there (X-Scope-OrgID)'), lokiUrl)),
  lokiAuthorization: orNone(
    needs(
      readBy(
        contentOf('NETVERDICT_SINK_LOKI_AUTHORIZATION_FILE', 'file with the whole header for it: Bearer … or Basic …'),
        headerValue,
      ),
      lokiUrl,
    ),
  ),
  otlpUrl: openUrl('NETVERDICT_SINK_OTLP_URL', 'receiver of OTLP logs over HTTP'),
  sinkFile: orNone(
    readBy(absolutePath('NETVERDICT_SINK_FILE', 'file with a line of JSON each; one process a file'), writable),
  ),
  sinkFileMib: or(
    integer('NETVERDICT_SINK_FILE_MIB', 'size at which it is set aside, in MiB', { min: 1, max: 65_536 }),
    '64',
  ),
  sinkFileKeep: or(
    integer('NETVERDICT_SINK_FILE_KEEP', 'how many that were set aside are kept', { min: 0, max: 1000 }),
    '5',
  ),
  sinkStderr: or(oneOf('NETVERDICT_SINK_STDERR', 'on: a line of JSON each', ['on', 'off']), 'off'),
  sinkQueue: or(
    integer('NETVERDICT_SINK_QUEUE', 'notices that wait for one of them, at most', { min: 1, max: 1_000_000 }),
    '10000',
  ),
};
