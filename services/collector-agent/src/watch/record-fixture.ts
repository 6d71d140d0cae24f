/** Records what the sidecar writes while packets are dropped in a namespace of its own: `node src/watch/record-fixture.ts`, as root. */
import { spawn } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { builtSidecar } from '../configuration.ts';
import { scratchNamespace } from '../testing/scratch.ts';

const scratch = scratchNamespace('record');
const child = spawn(builtSidecar, ['--off'], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
const chunks: Buffer[] = [];
child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
try {
  // Only what is ours: the machine's other traffic belongs into no fixture.
  child.stdin.write(`1 set drops netns ${statSync(scratch.path).ino}\n1 on drops\n`);
  child.stdin.write('2 set drops port none\n');
  // The answer to the last command means that the probe is on, however long loading took.
  while (!Buffer.concat(chunks).includes('"id":"2"')) await pause(20);
  scratch.run(['iptables', '-A', 'INPUT', '-p', 'udp', '--dport', '4001', '-j', 'DROP']);
  const python = `import socket
for family, to in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
  s = socket.socket(family, socket.SOCK_DGRAM)
  for port in (4001, 4001, 4001, 4001, 4001, 4002):
    try: s.sendto(b'x' * 20, (to, port))
    except OSError: pass`;
  scratch.run(['python3', '-c', python]);
  child.stdin.write('3 quit\n');
  await new Promise((resolve) => child.on('close', resolve));
  writeFileSync(join(import.meta.dirname, '../../fixtures/watch/drops.bin'), Buffer.concat(chunks));
} finally {
  child.kill('SIGKILL');
  scratch.remove();
}
