/** Colours for the terminal; none where the output is not one or NO_COLOR is set (picocolors decides). */
import type { Paint } from '@netverdict/verdict';
import colors from 'picocolors';

export const terminalPaint: Paint = {
  good: colors.green,
  bad: colors.red,
  unsure: colors.yellow,
  strong: colors.bold,
  faint: colors.dim,
};
