/** A Python interpreter that lives in a namespace as long as the test does: starting one for each packet would take most of the time. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Interpreter {
  /** Runs a program; what it defines stays, so that sockets live on. @returns what it printed @throws with its traceback */
  run(program: string): Promise<string>;
  close(): void;
}

/** Reads programs as JSON strings, a line each; answers with a line of JSON. */
const LOOP = `
import sys, json, io, contextlib, traceback, struct
from socket import *
from time import sleep
def tcp(timeout=5):
  s = socket(); s.settimeout(timeout); return s
def tcp6(timeout=5):
  s = socket(AF_INET6); s.settimeout(timeout); return s
def listen6(port, backlog=10):
  l = socket(AF_INET6); l.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); l.bind(('::', port)); l.listen(backlog); return l
def listen(port, backlog=10):
  l = socket(); l.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); l.bind(('', port)); l.listen(backlog); return l
def attempt(do):
  try: do()
  except OSError as e: print(e)
for line in sys.stdin:
  out, problem = io.StringIO(), None
  try:
    with contextlib.redirect_stdout(out): exec(json.loads(line), globals())
  except BaseException: problem = traceback.format_exc()
  print(json.dumps({'out': out.getvalue(), 'problem': problem}), flush=True)
`;

export function interpreterIn(namespace: string): Interpreter {
  const child = spawn('ip', ['netns', 'exec', namespace, 'python3', '-c', LOOP], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // One that has ended is told by its answer, which is none.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(program) {
      child.stdin.write(`${JSON.stringify(program)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('the interpreter is gone');
      const { out, problem } = JSON.parse(line.value) as { out: string; problem: string | null };
      if (problem !== null) throw new Error(problem);
      return out;
    },
    close: () => void child.kill('SIGKILL'),
  };
}
