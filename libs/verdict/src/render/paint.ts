/** How a renderer marks its words; the terminal gives colours, a log or a test gives none. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly unsure: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const same = (text: string): string => text;
export const plainPaint: Paint = { good: same, bad: same, unsure: same, strong: same, faint: same };
