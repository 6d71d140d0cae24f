/**
 * The lab's only image: one static program, tagged as pause and as echo, as a docker archive that `ctr images import`
 * takes. Nothing is pulled from anywhere.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const PAUSE_IMAGE = 'netverdict.lab/pause:1';
export const ECHO_IMAGE = 'netverdict.lab/echo:1';

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');

/** @param program path of a static executable; it becomes /echo. */
export function imageArchive(program: string): Buffer {
  const layer = tar([{ name: 'echo', mode: 0o755, data: readFileSync(program) }]);
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/echo'], Cmd: ['pause'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    history: [{ created_by: 'netverdict lab' }],
  });
  const configName = `${sha256(config)}.json`;
  const manifest = [{ Config: configName, RepoTags: [PAUSE_IMAGE, ECHO_IMAGE], Layers: ['layer.tar'] }];
  return tar([
    { name: configName, mode: 0o644, data: Buffer.from(config) },
    { name: 'layer.tar', mode: 0o644, data: layer },
    { name: 'manifest.json', mode: 0o644, data: Buffer.from(JSON.stringify(manifest)) },
  ]);
}

interface TarFile {
  readonly name: string;
  readonly mode: number;
  readonly data: Buffer;
}

/** POSIX ustar: 512-byte headers with octal numbers, data padded to 512, two empty blocks at the end. */
function tar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap(({ name, mode, data }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
    header.write('0000000\0', 108); // uid
    header.write('0000000\0', 116); // gid
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136); // mtime: none, so that the digest depends on the content alone
    header.write('        ', 148); // the checksum counts itself as blanks
    header.write('0', 156); // a regular file
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
