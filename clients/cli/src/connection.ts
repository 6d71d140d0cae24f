/** Which API is asked, and as whom: from options, the environment, or what `netverdict up` left. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type NetverdictClient } from '@netverdict/sdk';
import { UsageError } from './exit-codes.ts';
import { upDir } from './local/dirs.ts';
import { readUpState } from './local/up-state.ts';

export interface ApiOptions {
  readonly api?: string;
  readonly tokenFile?: string;
}

/** NETVERDICT_TOKEN, --token-file, or the one that `netverdict up` made. The message never shows it. */
function tokenOf(options: ApiOptions): string {
  const file = options.tokenFile ?? join(upDir(), 'token');
  let token = process.env.NETVERDICT_TOKEN;
  let whence = 'NETVERDICT_TOKEN';
  if (token === undefined) {
    whence = file;
    try {
      token = readFileSync(file, 'utf8').trim();
    } catch {
      throw new UsageError(
        `no token: ${file} can't be read. Set NETVERDICT_TOKEN, name a file with --token-file, or start with \`netverdict up\`.`,
      );
    }
  }
  // What no header can carry would look as if the server could not be reached.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(
      `${whence} ${token === '' ? 'is empty' : 'holds blanks or other characters that no token has'}: write a token there, as \`netverdict up\` and \`netverdict tokens create\` make them`,
    );
  return token;
}

export function clientFor(options: ApiOptions): NetverdictClient {
  const token = tokenOf(options);
  const api = options.api ?? process.env.NETVERDICT_API ?? readUpState()?.apiUrl ?? 'http://127.0.0.1:8080';
  if (!/^https?:\/\/[^/]/.test(api) || !URL.canParse(api))
    throw new UsageError(`--api ${api}: write a URL such as http://127.0.0.1:8080`);
  return createClient({ baseUrl: api, token });
}
