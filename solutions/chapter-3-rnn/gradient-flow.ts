/**
 * Chapter 3, topic 4: how far a gradient travels.
 *
 * On its way back through time a gradient is multiplied at every step by the same kind of matrix, the Jacobian of the state.
 * A product of many matrices shrinks to nothing or grows beyond all bounds, as a power does. Here it is measured.
 *
 * For a row of the batch h_t is a vector of H numbers: h_t = tanh(wIh x_t + bIh + wHh h_{t−1} + bHh).
 */
import { ShapeError, Tensor, eye, showShape } from '#tensor';
import { clipByNorm } from '../chapter-2-bp/optimizers.ts';
import type { RnnWeights } from './rnn.ts';

/**
 * The Jacobian of one step: how each number of the new state depends on each number of the state before.
 *
 *   J_ij = ∂h_t,i / ∂h_{t−1},j = (1 − h_t,i²) · wHh_ij          (H, H) = diag(1 − h_t²) wHh
 *
 * Row i belongs to the new state, column j to the old one. Only the new state is needed: it holds the slope of tanh.
 *
 * @param h   (H) the state after the step, h_t
 * @param wHh (H, H)
 * @returns J (H, H)
 * @throws ShapeError when h is not (H) or wHh not (H, H)
 * @see Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", eq. 5
 */
export function stateJacobian(h: Tensor, wHh: Tensor): Tensor {
  // #region stateJacobian
  const H = h.shape[0];
  if (h.rank !== 1 || wHh.rank !== 2 || wHh.shape[0] !== H || wHh.shape[1] !== H) {
    throw new ShapeError(`stateJacobian: h ${showShape(h.shape)} and wHh ${showShape(wHh.shape)}`);
  }
  const slopes = h.map((v) => 1 - v * v).expandDims(1);
  return slopes.mul(wHh);
  // #endregion
}

/**
 * How much of a gradient arrives k steps earlier, for every lag k: the norm of the product of Jacobians.
 *
 *   ∂h_T/∂h_{T−k} = J_T J_{T−1} ⋯ J_{T−k+1}            (H, H), the latest step on the left; for k = 0 the identity
 *   norms_k = √(Σ_ij (∂h_T,i/∂h_{T−k},j)²)             k = 0 … T: the Frobenius norm
 *
 * @param states (T, H) row t − 1 is h_t, the states after each step in the order of time; h_0 is not among them; T ≥ 1
 * @param wHh    (H, H)
 * @returns T + 1 numbers; the first is √H, the last the norm of ∂h_T/∂h_0
 * @throws ShapeError when states are not (T, H) with T ≥ 1, or wHh is not (H, H)
 * @see Bengio, Simard & Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult"
 */
export function jacobianProductNorms(states: Tensor, wHh: Tensor): number[] {
  // #region jacobianProductNorms
  if (states.rank !== 2 || states.shape[0] === 0) {
    throw new ShapeError(`jacobianProductNorms: states are ${showShape(states.shape)}, not (T, H)`);
  }
  let product = eye(states.shape[1]);
  const norms = [product.norm()];
  for (let t = states.shape[0] - 1; t >= 0; t--) {
    product = product.matmul(stateJacobian(states.row(t), wHh));
    norms.push(product.norm());
  }
  return norms;
  // #endregion
}

/**
 * The largest singular value of a matrix: the most by which it can stretch a vector. Found by power iteration, which
 * stretches a vector again and again until it points the way in which it is stretched most.
 *
 *   v ← start / ‖start‖                               (H)
 *   v ← wᵀ w v / ‖wᵀ w v‖       `steps` times          (H)
 *   σ = ‖w v‖
 *
 * Where wᵀ w v is exactly zero, so that it has no direction, the result is 0.
 *
 * @param w     (H, H)
 * @param start (H) not zero
 * @param steps whole number ≥ 0
 * @returns σ ≥ 0; after enough steps the largest singular value, unless the start was unlucky
 * @throws RangeError when the start is zero; ShapeError when the shapes do not fit
 * @see von Mises & Pollaczek-Geiringer 1929
 */
export function largestSingularValue(w: Tensor, start: Tensor, steps: number): number {
  // #region largestSingularValue
  if (w.rank !== 2 || start.rank !== 1 || w.shape[1] !== start.shape[0]) {
    throw new ShapeError(`largestSingularValue: w ${showShape(w.shape)} and start ${showShape(start.shape)}`);
  }
  if (start.norm() === 0) throw new RangeError('largestSingularValue: a start of zeros points nowhere');
  let v = start.div(start.norm());
  for (let i = 0; i < steps; i++) {
    const stretched = w.T.matmul(w.matmul(v));
    if (stretched.norm() === 0) return 0;
    v = stretched.div(stretched.norm());
  }
  return w.matmul(v).norm();
  // #endregion
}

/**
 * Clipping: the gradients of a recurrent layer, scaled down together when they are too long together.
 *
 *   norm   = √(sum of the squares of all entries of wIh, wHh, bIh and bHh)          one number for all four
 *   factor = min(1, maxNorm / (norm + 1e-6))
 *   clipped = factor · gradients                                                    the direction stays
 *
 * Gradients that are short enough are left as they are, never made longer.
 *
 * @param gradients { wIh, wHh, bIh, bHh }
 * @param maxNorm   > 0
 * @returns gradients, the clipped ones, and norm, the norm before clipping
 * @throws RangeError when maxNorm is not greater than 0
 * @see Pascanu, Mikolov & Bengio 2013, algorithm 1; torch.nn.utils.clip_grad_norm_
 */
export function clipGradients(gradients: RnnWeights, maxNorm: number): { gradients: RnnWeights; norm: number } {
  // #region clipGradients
  const { wIh, wHh, bIh, bHh } = gradients;
  const { gradients: clipped, norm } = clipByNorm([wIh, wHh, bIh, bHh], maxNorm);
  return { gradients: { wIh: clipped[0], wHh: clipped[1], bIh: clipped[2], bHh: clipped[3] }, norm };
  // #endregion
}
