/**
 * `node send.ts PORT ADDRESS…`: a datagram to each address, each from a socket of its own, so that each is a new connection.
 * A send takes the packet through both veths and the node's hooks before it returns. Prints the microseconds of one, the median.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const [port = '53', ...addresses] = process.argv.slice(2);
const sockets: Socket[] = [];
for (const _ of addresses) {
  const socket = createSocket('udp4');
  socket.bind(0);
  await once(socket, 'listening');
  sockets.push(socket);
}
const times: number[] = [];
for (const [i, socket] of sockets.entries()) {
  const began = process.hrtime.bigint();
  await new Promise((resolve) => socket.send('?', Number(port), addresses[i], resolve));
  times.push(Number(process.hrtime.bigint() - began) / 1000);
}
for (const socket of sockets) socket.close();
times.sort((a, b) => a - b);
console.log(times[Math.floor(times.length / 2)]);
