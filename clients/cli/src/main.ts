#!/usr/bin/env node
/** The netverdict command. */
import { run } from './run.ts';

// `netverdict demo | head -1`: a reader that goes away is no reason to leave a lab behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const code = await run(process.argv.slice(2));
// The supervisor says by itself how it ended.
if (code !== 0) process.exitCode = code;
