/** `netverdict doctor`: what of an installation does not work, and what to do. The server judges what it sees; that it cannot be asked is told here. */
import { join } from 'node:path';
import type { HealthCheck, InstallationHealth } from '@netverdict/contracts';
import { ConnectionError, type NetverdictClient, problemFrom } from '@netverdict/sdk';
import { EXIT } from '../exit-codes.ts';
import { upDir } from '../local/dirs.ts';
import { readUpState } from '../local/up-state.ts';
import { terminalPaint } from '../terminal/paint.ts';
import { print } from '../terminal/print.ts';

interface Report {
  readonly state: HealthCheck['state'];
  readonly checks: readonly HealthCheck[];
}

function unreachable({ message }: Error): Report {
  const log = readUpState() === null ? null : join(upDir(), 'log', 'api.log');
  return {
    state: 'failed',
    checks: [
      {
        name: 'api',
        state: 'failed',
        detail: message,
        remedy:
          log === null
            ? 'Start it with `netverdict up`, or name another with --api or NETVERDICT_API.'
            : `Read the end of ${log}, then \`netverdict down\` and \`netverdict up\`; or name another with --api.`,
      },
    ],
  };
}

const MARK: Readonly<Record<HealthCheck['state'], string>> = {
  passed: terminalPaint.good('✓'),
  warning: terminalPaint.unsure('!'),
  unknown: terminalPaint.unsure('?'),
  failed: terminalPaint.bad('✗'),
};

function printReport({ state, checks }: Report): void {
  const wrong = checks.filter((check) => check.state !== 'passed');
  print(
    state === 'passed'
      ? `${MARK.passed} All ${checks.length} checks passed.`
      : `${MARK[state]} ${wrong.length} of ${checks.length} checks ${wrong.length === 1 ? 'needs' : 'need'} a look.`,
  );
  print('');
  for (const { name, state: own, detail, remedy } of checks) {
    print(`  ${MARK[own]} ${name}: ${detail}`);
    if (remedy !== null) print(`      ${remedy}`);
  }
}

function exitCode(state: HealthCheck['state']): number {
  if (state === 'failed') return EXIT.unreachable;
  return state === 'unknown' ? EXIT.undetermined : EXIT.reachable;
}

/** @returns 0 nothing failed, 1 something did, 2 something could not be told, 4 the API does not answer */
export async function doctor(client: NetverdictClient, options: { readonly json?: boolean }): Promise<number> {
  const say = (report: Report): void =>
    options.json === true ? print(JSON.stringify(report, null, 2)) : printReport(report);
  try {
    const { data, error, response } = await client.raw.GET('/api/v1/health');
    if (data === undefined) throw problemFrom(response, error);
    const health = data as InstallationHealth;
    const version = {
      name: 'api',
      state: 'passed',
      detail: `answers, version ${health.version}`,
      remedy: null,
    } as const;
    say({ ...health, checks: [...health.checks, version] });
    return exitCode(health.state);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    say(unreachable(error));
    return EXIT.system;
  }
}
