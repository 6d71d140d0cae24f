/** Runs one command line, and says what its end means: the exit code of each end (README, "Exit codes"), the message to stderr. */
import { ConnectionError, ProblemError } from '@netverdict/sdk';
import { CommanderError } from 'commander';
import { EXIT, Interrupted, SystemError, UsageError } from './exit-codes.ts';
import { build } from './program.ts';

/** @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  try {
    await build((ended) => {
      code = ended;
    }).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return told(error);
  }
}

const say = (message: string): void => void process.stderr.write(`netverdict: ${message}\n`);

function told(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  if (
    error instanceof UsageError ||
    (error instanceof Error && (error.name === 'LabError' || error.name === 'ConfigurationError'))
  ) {
    say(error.message);
    return EXIT.usage;
  }
  if (error instanceof ConnectionError) {
    say(`${error.message}. Does it run? Start it with \`netverdict up\`, or name another with --api.`);
    return EXIT.system;
  }
  if (error instanceof ProblemError) {
    say(
      error.status === 401
        ? `${error.message} Set NETVERDICT_TOKEN to one that is, or name its file with --token-file.`
        : error.message,
    );
    return error.status >= 400 && error.status < 500 ? EXIT.usage : EXIT.system;
  }
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof SystemError) {
    say(error.message);
    return EXIT.system;
  }
  const causes: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes.push(cause.message);
  say(causes.join(': '));
  if (process.env.NETVERDICT_DEBUG) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.system;
}
