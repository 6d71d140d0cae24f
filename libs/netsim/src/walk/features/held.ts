/**
 * How a meaning is held to the truth.
 *
 * - `kernel`: random worlds meet it, and the running kernel says whether the model is right.
 * - `rows`: held by rows of unit tests and recorded fixtures alone: the development kernel lacks it, or nothing that a judge sees shows it.
 * - `unknown`: not modelled, or no snapshot tells: the verdict is an unknown that names it.
 */
export type Held = 'kernel' | 'rows' | 'unknown';
