/** Chapter 2, topic 2, in another style: quotients of half steps, tensors rebuilt for each entry, norms summed by hand. */
import { ShapeError, Tensor } from '#tensor';

export interface GradientCheck {
  ok: boolean;
  error: number;
  worst: number;
  given: number;
  numerical: number;
}

function needStep(h: number): void {
  if (h > 0) return;
  throw new RangeError(`the step must be greater than 0, not ${h}`);
}

export function forwardDifference(f: (x: number) => number, x: number, h: number): number {
  needStep(h);
  const [here, there] = [x, x + h].map((at) => f(at));
  return (there - here) / h;
}

export function centralDifference(f: (x: number) => number, x: number, h: number): number {
  needStep(h);
  const right = f(x + h);
  const left = f(x - h);
  return (0.5 * (right - left)) / h;
}

export function numericalGradient(f: (x: Tensor) => number, x: Tensor, h: number): Tensor {
  needStep(h);
  const moved = (k: number, by: number) => f(x.map((value, i) => (i === k ? value + by : value)));
  const slopes: number[] = [];
  for (let k = 0; k < x.size; k++) {
    slopes.push((moved(k, h) - moved(k, -h)) / (2 * h));
  }
  return new Tensor(x.shape, slopes);
}

export function relativeError(a: Tensor, b: Tensor): number {
  if (a.rank !== b.rank || a.shape.some((length, axis) => length !== b.shape[axis])) {
    throw new ShapeError(`the shapes (${a.shape.join(', ')}) and (${b.shape.join(', ')}) differ`);
  }
  let difference = 0;
  let ofA = 0;
  let ofB = 0;
  for (let i = 0; i < a.size; i++) {
    const [p, q] = [a.data[i], b.data[i]];
    difference += (p - q) ** 2;
    ofA += p ** 2;
    ofB += q ** 2;
  }
  const larger = Math.max(ofA, ofB);
  if (larger === 0) return 0;
  return Math.sqrt(difference) / Math.sqrt(larger);
}

export function checkGradient(
  f: (x: Tensor) => number,
  x: Tensor,
  gradient: Tensor,
  h: number,
  tolerance: number,
): GradientCheck {
  if (!x.sameShape(gradient)) throw new ShapeError('the gradient does not have the shape of x');
  const tried = numericalGradient(f, x, h);
  const error = relativeError(gradient, tried);
  let worst = 0;
  let most = -1;
  gradient.data.forEach((value, i) => {
    const distance = Math.abs(value - tried.data[i]);
    if (distance > most) {
      most = distance;
      worst = i;
    }
  });
  return {
    ok: !(error > tolerance) && !Number.isNaN(error),
    error,
    worst,
    given: gradient.data[worst],
    numerical: tried.data[worst],
  };
}
