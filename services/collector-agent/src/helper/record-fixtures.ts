/** `node record-fixtures.ts HELPER NETNS FOLDER`: every section of a namespace as the helper prints it (fixtures/make-fixtures.sh). */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startHelper } from '@netverdict/collect';

const [helperPath, netns, folder] = process.argv.slice(2);
if (helperPath === undefined || netns === undefined || folder === undefined)
  throw new Error('usage: record-fixtures.ts HELPER NETNS FOLDER');
const helper = startHelper(helperPath, { info() {}, warn: (fields, message) => console.warn(message, fields) });
const flows = [1, 2, 6, 17].map((protocol) => ({
  protocol,
  addresses: ['10.244.1.1', '10.244.1.2', '127.0.0.1', '224.0.0.22'],
  ports: [],
}));
const { sections } = await helper.collect({
  path: netns,
  kinds: null,
  flows,
  knownPaths: process.argv.slice(5),
  timeLimitMs: 10_000,
});
await mkdir(folder, { recursive: true });
for (const section of sections) {
  if ('missing' in section) console.warn(`${section.kind}: ${section.missing}`);
  else await writeFile(join(folder, `${section.kind}.${section.text.startsWith('[') ? 'json' : 'txt'}`), section.text);
}
await helper.close();
