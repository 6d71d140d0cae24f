/** `netverdict config`: what the services would run with here, whence each value comes, and what is wrong with it. */
import {
  type Effective,
  effectiveSettings,
  isServiceName,
  SERVICE_NAMES,
  SERVICES,
  sourcesOf,
} from '@netverdict/configuration';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { print } from '../terminal/print.ts';

interface ConfigOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export interface ServiceConfig {
  readonly service: string;
  readonly settings: readonly Effective[];
  readonly problems: readonly string[];
}

export async function configOf(
  service: string,
  file: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<ServiceConfig> {
  if (!isServiceName(service))
    throw new UsageError(`there is no service ${service}: it is one of ${SERVICE_NAMES.join(', ')}`);
  const settings = SERVICES[service];
  const sources = await sourcesOf(service, settings, file === undefined ? [] : ['--config', file], environment);
  const all = effectiveSettings(settings, sources);
  const wrong = all.flatMap(({ problem }) => (problem === null ? [] : [problem]));
  return { service, settings: all, problems: [...sources.problems, ...wrong] };
}

/** As environment variables, with whence each came where it is no default. */
export function configText({ service, settings, problems }: ServiceConfig): string {
  const lines = settings.map(
    ({ name, value, origin }) =>
      `${value === null ? '# ' : ''}${name}=${value ?? ''}${origin === 'default' ? '' : `   # ${origin}`}`,
  );
  const wrong = problems.map((problem) => `✗ ${problem}`);
  const where =
    wrong.length === 0 ? [] : [`So ${service} would not start from this shell; one that runs has settings of its own.`];
  return [`# ${service}`, ...lines, ...wrong, ...where].join('\n');
}

export function addConfig(program: Command, finish: (code: number) => void): void {
  program
    .command('config [service]')
    .description(
      'what a service would run with if it were started from this shell (all of them when none is named); no secrets',
    )
    .option('--config <file>', 'the file with settings (default: NETVERDICT_CONFIG_FILE)')
    .option('--json', 'as JSON')
    .action(async (service: string | undefined, options: ConfigOptions) => {
      const asked = service === undefined ? SERVICE_NAMES : [service];
      const found = await Promise.all(asked.map((name) => configOf(name, options.config, process.env)));
      print(options.json ? JSON.stringify(found, null, 2) : found.map(configText).join('\n\n'));
      finish(found.some(({ problems }) => problems.length > 0) ? EXIT.usage : 0);
    });
}
