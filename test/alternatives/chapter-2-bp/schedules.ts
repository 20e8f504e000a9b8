/** Chapter 2, schedules, in another style: products and powers counted out, half-angle for the cosine, branches for min and max. */

function needCount(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`${name} must be a whole number ≥ ${least}, not ${value}`);
}

export function stepDecay(step: number, base: number, factor: number, every: number): number {
  needCount('step', step, 1);
  needCount('every', every, 1);
  if (!(base >= 0)) throw new RangeError(`base must be at least 0, not ${base}`);
  const done = step - 1;
  const times = (done - (done % every)) / every;
  return base * Math.pow(factor, times);
}

export function cosine(step: number, total: number, base: number, minimum: number): number {
  needCount('step', step, 1);
  needCount('total', total, 1);
  if (!(minimum >= 0 && base >= minimum)) throw new RangeError(`cosine: not 0 ≤ ${minimum} ≤ ${base}`);
  if (step > total) return minimum;
  const angle = (Math.PI * (step - 1)) / total;
  // ½ (1 + cos a) is cos²(a / 2).
  return minimum + (base - minimum) * Math.cos(angle / 2) ** 2;
}

export function linearWarmup(step: number, warmup: number, base: number): number {
  needCount('step', step, 1);
  needCount('warmup', warmup, 0);
  if (!(base >= 0)) throw new RangeError(`base must be at least 0, not ${base}`);
  if (step >= warmup) return base;
  return (base * step) / warmup;
}

export function warmupCosine(step: number, warmup: number, total: number, base: number, minimum: number): number {
  needCount('step', step, 1);
  needCount('warmup', warmup, 0);
  needCount('total', total, warmup + 1);
  if (!(0 <= minimum && minimum <= base)) throw new RangeError(`warmupCosine: not 0 ≤ ${minimum} ≤ ${base}`);
  const rising = step <= warmup;
  return rising ? linearWarmup(step, warmup, base) : cosine(step - warmup, total - warmup, base, minimum);
}

export function inverseSquareRoot(step: number, dModel: number, warmup: number): number {
  [step, dModel, warmup].forEach((value) => needCount('each of the three', value, 1));
  const highest = 1 / Math.sqrt(dModel * warmup);
  return step < warmup ? (highest * step) / warmup : highest * Math.sqrt(warmup / step);
}

export interface PlateauState {
  learningRate: number;
  best: number;
  bad: number;
}

export interface PlateauSettings {
  factor: number;
  patience: number;
  threshold: number;
  minimum: number;
}

export const plateauInit = (learningRate: number): PlateauState => ({ learningRate, best: Infinity, bad: 0 });

export function reduceOnPlateau(state: PlateauState, loss: number, settings: PlateauSettings): PlateauState {
  const { factor, patience, threshold, minimum } = settings;
  if (!(factor > 0 && factor < 1)) throw new RangeError(`factor must be between 0 and 1, not ${factor}`);
  needCount('patience', patience, 0);
  if (!(threshold >= 0) || !(minimum >= 0)) throw new RangeError('threshold and minimum must be at least 0');
  const next = { ...state };
  if (loss < state.best - threshold) {
    next.best = loss;
    next.bad = 0;
  } else {
    next.bad++;
  }
  if (next.bad > patience) {
    next.bad = 0;
    const lowered = next.learningRate * factor;
    if (lowered > minimum) next.learningRate = lowered;
    else if (next.learningRate > minimum) next.learningRate = minimum;
  }
  return next;
}
