/** `netverdict diagnose --bundle`: a bundle's own question, or another one to the same nodes, without root and without a cluster. */
import { UsageError } from '../exit-codes.ts';
import { readBundle } from '../offline/bundle-file.ts';
import { withQuestion } from '../offline/question.ts';
import { langOf, type OutputOptions, type QuestionOptions, toRequest } from './diagnose.ts';
import { printReplay } from './replay.ts';

export interface BundleOptions extends Partial<Omit<QuestionOptions, 'protocol'>> {
  readonly protocol: string;
  readonly kubeconfig?: string;
}

export function diagnoseBundle(path: string, options: BundleOptions & OutputOptions): number {
  langOf(options.lang);
  const { from, to, probe, fresh, cluster, kubeconfig } = options;
  for (const [name, value] of Object.entries({ probe, fresh, cluster, kubeconfig }))
    if (value !== undefined)
      throw new UsageError(`--${name} is for nodes that run, and --bundle asks none: leave one out`);
  if ((from === undefined) !== (to === undefined))
    throw new UsageError('--bundle with another question needs both --from and --to; without them it answers its own');
  const bundle = readBundle(path);
  if (from !== undefined && to !== undefined)
    return printReplay(withQuestion(bundle, toRequest({ ...options, from, to })), options);
  for (const name of ['size', 'sourcePort'] as const)
    if (options[name] !== undefined)
      throw new UsageError(
        `--${name === 'size' ? name : 'source-port'} belongs to another question: write --from and --to too`,
      );
  return printReplay(bundle, options);
}
