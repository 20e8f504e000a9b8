/** Whether two tensors are the same, exactly or nearly. */
import { needTensor } from './tensor.ts';
import type { Tensor } from './tensor.ts';
import { sameShape } from './shape.ts';

export interface Tolerance {
  /** relative to the second tensor's entry; default 1e-9 */
  rtol?: number;
  /** absolute, for entries near 0; default 1e-12 */
  atol?: number;
}

export function equals(a: Tensor, other: Tensor): boolean {
  const b = needTensor('equals', other);
  return sameShape(a.shape, b.shape) && a.data.every((x, i) => x === b.data[i]);
}

/** An infinity is close only to itself; NaN to nothing, not even to NaN. */
export function allClose(a: Tensor, other: Tensor, { rtol = 1e-9, atol = 1e-12 }: Tolerance = {}): boolean {
  const b = needTensor('allClose', other);
  if (!sameShape(a.shape, b.shape)) return false;
  return a.data.every((x, i) => {
    const y = b.data[i];
    return x === y || (Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y));
  });
}
