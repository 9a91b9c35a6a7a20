// SPDX-License-Identifier: BSD-2-Clause
//
// A receiver as anyone would write it, with Node.js' dgram:
//
//     receive.js COUNT GROUP PORT INTERFACE STEP...
//
// STEP is add:SOURCE, drop:SOURCE, add or drop. A step that fails is told as Node.js
// tells it; then COUNT packets are received, and where they come from is printed.
'use strict';

const dgram = require('node:dgram');

const DEADLINE = 10000;
const [count, group, port, name, ...steps] = process.argv.slice(2);
const socket = dgram.createSocket({
  type: group.includes(':') ? 'udp6' : 'udp4', reuseAddr: true });
let left = Number(count);

function take(step) {
  const [verb, ...rest] = step.split(':');
  const source = rest.join(':');

  if (verb === 'add' && source)
    socket.addSourceSpecificMembership(source, group, name);
  else if (verb === 'drop' && source)
    socket.dropSourceSpecificMembership(source, group, name);
  else if (verb === 'add')
    socket.addMembership(group, name);
  else
    socket.dropMembership(group, name);
}

function finish() {
  socket.close();
  clearTimeout(timer);
}

const timer = setTimeout(() => {
  console.error('nothing arrives');
  process.exitCode = 3;
  finish();
}, DEADLINE);

socket.on('message', (data, from) => {
  if (left-- <= 0)
    return;
  console.log(from.address);
  if (left === 0)
    finish();
});

socket.bind(Number(port), () => {
  for (const step of steps) {
    try {
      take(step);
    } catch (error) {
      console.error(`${step}: ${error.message}`);
      process.exitCode = 1;
    }
  }
  if (left === 0)
    finish();
});
