/** docs/configuration.md, from the schemas. */
import type { AnySetting, Settings } from './setting.ts';
import { flagOf, keyOf } from './sources.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');

function usual({ fallback }: AnySetting): string {
  if (fallback.required) return '**required**';
  return fallback.text === null || fallback.text === '' ? 'none' : `\`${fallback.text}\``;
}

const row = (setting: AnySetting): string =>
  `| \`${setting.name}\`${setting.kind === 'secret' ? ` or \`${setting.name}_FILE\`` : ''} | \`${flagOf(setting.name)}\` | \`${keyOf(setting.name)}\` | ${cell(setting.about)} | ${cell(setting.form)} | ${usual(setting)} |`;

const INTRODUCTION = `# Configuration

Made from the schemas in \`libs/configuration\` (\`npm run docs\`): what a service reads is here, and nothing else.

Each setting may come from four places; the first that has it counts: a **flag** of the service (\`--nats-url nats://bus:4222\`), an **environment variable**
(\`NETVERDICT_NATS_URL\`), the **file** that \`--config\` or \`NETVERDICT_CONFIG_FILE\` names, and the default. Empty counts as not given. A service that is told something wrong
tells all that is wrong at once and ends with status 2.

The file is YAML or JSON, and may be one for all services. What stands below a service's name is that service's alone:

\`\`\`yaml
natsUrl: nats://nats:4222
logLevel: info
api:
  databaseUrlFile: /run/secrets/database-url
  natsNkeyFile: /run/secrets/api.nk
simulator:
  natsNkeyFile: /run/secrets/simulator.nk
\`\`\`

**Secrets** lie in files. A setting whose name ends in \`_FILE\` names the file; the addresses of PostgreSQL and Redis, which hold passwords, are given either way, not both.

\`netverdict config [service]\` prints what a service would run with here and whence each value comes, without the secrets, and what is wrong with it (exit code 3).
OpenTelemetry's own \`OTEL_*\` variables are understood by every service beside these (\`OTEL_EXPORTER_OTLP_ENDPOINT\` switches traces, metrics and logs by OTLP on).
`;

export function configurationPage(services: Readonly<Record<string, Settings>>): string {
  const sections = Object.entries(services).map(([name, settings]) =>
    [
      `## ${name}`,
      '',
      '| environment | flag | in the file | what it is | form | default |',
      '|---|---|---|---|---|---|',
      ...Object.values(settings).map(row),
    ].join('\n'),
  );
  return `${[INTRODUCTION, ...sections].join('\n')}\n`.replaceAll('\n## ', '\n\n## ').replaceAll('\n\n\n', '\n\n');
}
