/**
 * Chapter 2: schedules. The learning rate as a function of the step: large while the way is long, small when the goal
 * is near, and sometimes small at the very start.
 *
 * A schedule is a pure function and knows nothing of the optimizer. Steps are whole numbers and count from 1: step 1
 * is the first update. Whether a "step" is one update or one epoch is up to the caller.
 */

/**
 * Step decay: the rate is multiplied by a factor after every so many steps, and constant in between.
 *
 *   η(t) = base · factor^⌊(t − 1) / every⌋
 *
 * With every = 10, steps 1 … 10 have the rate base, steps 11 … 20 base · factor, and so on.
 *
 * @param step   t, a whole number ≥ 1
 * @param base   the rate at step 1, ≥ 0
 * @param factor what it is multiplied by, usually 0.1 or 0.5
 * @param every  a whole number ≥ 1
 * @returns η(t)
 * @throws RangeError when step or every is not a whole number ≥ 1, or base is not ≥ 0
 */
export function stepDecay(step: number, base: number, factor: number, every: number): number {
  throw new Error('TODO: stepDecay');
}

/**
 * Cosine annealing: half a cosine wave from the base rate down to the minimum; slow at both ends, quick in the middle.
 *
 *   progress = min(1, (t − 1) / total)                                    0 at step 1
 *   η(t)     = minimum + ½ (base − minimum) (1 + cos(π · progress))
 *
 * Step 1 has the rate base. Step total, the last, is just above the minimum, so that no step is wasted on a rate of 0;
 * every later step has exactly the minimum.
 *
 * @param step    t, a whole number ≥ 1
 * @param total   the number of steps, a whole number ≥ 1
 * @param base    the rate at step 1
 * @param minimum the rate in the end, 0 ≤ minimum ≤ base
 * @returns η(t)
 * @throws RangeError when step or total is not a whole number ≥ 1, or unless 0 ≤ minimum ≤ base
 * @see Loshchilov & Hutter 2017, "SGDR", eq. 5 (without restarts)
 */
export function cosine(step: number, total: number, base: number, minimum: number): number {
  throw new Error('TODO: cosine');
}

/**
 * Linear warm-up: the rate rises in equal steps to the base rate and stays there.
 *
 *   η(t) = base · min(1, t / warmup)
 *
 * Step 1 has the rate base / warmup (not 0, which would waste it), step warmup is the first with the whole base rate.
 * With warmup = 0 every step has the base rate.
 *
 * @param step   t, a whole number ≥ 1
 * @param warmup how many steps the rise takes, a whole number ≥ 0
 * @param base   the rate after the rise, ≥ 0
 * @returns η(t)
 * @throws RangeError when step is not a whole number ≥ 1, warmup is not a whole number ≥ 0, or base is not ≥ 0
 * @see Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2
 */
export function linearWarmup(step: number, warmup: number, base: number): number {
  throw new Error('TODO: linearWarmup');
}

/**
 * Warm-up, then cosine: what most large models are trained with.
 *
 *   t ≤ warmup:   η(t) = linearWarmup(t, warmup, base)
 *   t > warmup:   η(t) = cosine(t − warmup, total − warmup, base, minimum)
 *
 * @param step    t, a whole number ≥ 1
 * @param warmup  steps of warm-up, a whole number, 0 ≤ warmup < total
 * @param total   all steps together, those of the warm-up included
 * @param base    the highest rate
 * @param minimum the rate in the end, 0 ≤ minimum ≤ base
 * @returns η(t)
 * @throws RangeError when step is not a whole number ≥ 1, total not a whole number, or unless 0 ≤ warmup < total and
 *                    0 ≤ minimum ≤ base, whichever part the step falls into
 */
export function warmupCosine(step: number, warmup: number, total: number, base: number, minimum: number): number {
  throw new Error('TODO: warmupCosine');
}

/**
 * The schedule of the Transformer: a linear rise over the warm-up, then a fall with the inverse square root of the step.
 *
 *   η(t) = dModel^(−½) · min(t^(−½), t · warmup^(−3/2))
 *
 * The two arms meet at t = warmup, where the rate is largest: 1 / √(dModel · warmup).
 *
 * @param step   t, a whole number ≥ 1
 * @param dModel the width of the model, a whole number ≥ 1
 * @param warmup steps of the rise, a whole number ≥ 1
 * @returns η(t)
 * @throws RangeError when one of the three is not a whole number ≥ 1
 * @see Vaswani et al. 2017, eq. 3
 */
export function inverseSquareRoot(step: number, dModel: number, warmup: number): number {
  throw new Error('TODO: inverseSquareRoot');
}

/** What reduceOnPlateau remembers between two losses. */
export interface PlateauState {
  /** the rate to use now */
  learningRate: number;
  /** the lowest loss so far; Infinity before the first */
  best: number;
  /** how many losses in a row were no improvement */
  bad: number;
}

export interface PlateauSettings {
  /** what the rate is multiplied by, 0 < factor < 1 */
  factor: number;
  /** how many bad losses in a row are forgiven, a whole number ≥ 0 */
  patience: number;
  /** an improvement must be greater than this, ≥ 0 */
  threshold: number;
  /** the rate never falls below this, ≥ 0 */
  minimum: number;
}

/** Given: the state before the first loss. */
export const plateauInit = (learningRate: number): PlateauState => ({ learningRate, best: Infinity, bad: 0 });

/**
 * Reduce on plateau: lower the rate when the loss has stopped improving. Called with the new (validation) loss, usually
 * once per epoch.
 *
 *   loss < best − threshold:   an improvement: best′ = loss, bad′ = 0
 *   otherwise:                 best′ = best, bad′ = bad + 1      (so also when the loss is NaN)
 *   then, if bad′ > patience:  learningRate′ = max(minimum, factor · learningRate), bad′ = 0
 *   otherwise:                 learningRate′ = learningRate
 *
 * (A rate that is below the minimum to begin with is left alone: lowering never raises it.)
 *
 * @param state    learningRate, best and bad, from plateauInit or the last call
 * @param loss     the new loss
 * @param settings factor, patience, threshold, minimum
 * @returns the new state, a new object
 * @throws RangeError unless 0 < factor < 1, patience is a whole number ≥ 0, threshold ≥ 0 and minimum ≥ 0
 */
export function reduceOnPlateau(state: PlateauState, loss: number, settings: PlateauSettings): PlateauState {
  throw new Error('TODO: reduceOnPlateau');
}
