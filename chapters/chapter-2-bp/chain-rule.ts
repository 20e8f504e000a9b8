/**
 * Chapter 2, topic 1: the chain rule, one step at a time and backwards.
 *
 * A gradient always has the shape of the variable it belongs to. The upstream gradient dy is the gradient of the loss
 * with respect to the output y of a step: ∂L/∂y. Each step only has to turn it into the gradient of its own inputs.
 */
import { ShapeError } from '#tensor';
import type { Tensor } from '#tensor';

/** The value of a small function of three numbers, and how fast it grows with each. */
export interface Partials {
  f: number;
  /** ∂f/∂x */
  dx: number;
  /** ∂f/∂y */
  dy: number;
  /** ∂f/∂z */
  dz: number;
}

/** What the backward pass of a product remembers: both factors, in their own shapes. */
export interface MulCache {
  a: Tensor;
  b: Tensor;
}

/**
 * A function of three numbers, and its partial derivatives by the chain rule.
 *
 *   q = x · y + z
 *   f = x · q²
 *
 * x has two ways to f: through q, and directly as the factor in front. Its derivative is the sum over both ways.
 *
 * @param x one number
 * @param y one number
 * @param z one number
 * @returns f, dx = ∂f/∂x, dy = ∂f/∂y, dz = ∂f/∂z
 */
export function partials(x: number, y: number, z: number): Partials {
  throw new Error('TODO: partials');
}

/**
 * One step of the chain rule for vectors: the gradient at a step's output becomes the gradient at its input.
 *
 *   y = y(x)          x (n), y (m)
 *   J_ij = ∂y_i/∂x_j  (m, n), the Jacobian: a row per output, a column per input
 *   dx_j = Σ_i dy_i · J_ij
 *
 * Also called the vector–Jacobian product.
 *
 * @param dy (m) upstream gradient ∂L/∂y
 * @param J  (m, n)
 * @returns dx = ∂L/∂x (n)
 * @throws when dy has not as many entries as J has rows
 */
export function vectorJacobianProduct(dy: Tensor, J: Tensor): Tensor {
  throw new Error('TODO: vectorJacobianProduct');
}

/**
 * The gradient at the beginning of a chain of steps, from the gradient at its end.
 *
 *   x → y_1 → y_2 → … → y_K          jacobians[k] is that of step k + 1: ∂y_{k+1}/∂y_k, with y_0 = x
 *
 * The Jacobians come in the order in which the steps were taken; the gradient goes through them in the other one.
 * Only a vector needs to be carried along. (Multiplying the Jacobians with each other first gives the same result by far
 * more work: this is why backpropagation is cheap.)
 *
 * @param dy        gradient at the end of the chain, ∂L/∂y_K: as many entries as the last Jacobian has rows
 * @param jacobians one for each step; each has as many columns as the one before it has rows. Without any, x is y_K.
 * @returns ∂L/∂x: as many entries as the first Jacobian has columns; for an empty chain, the numbers of dy
 * @throws when a Jacobian does not fit to what comes after it (vectorJacobianProduct throws)
 */
export function backThroughChain(dy: Tensor, jacobians: Tensor[]): Tensor {
  throw new Error('TODO: backThroughChain');
}

/**
 * The backward pass of broadcasting: sums a gradient over every axis along which its variable was repeated.
 *
 * Broadcasting writes two shapes so that they end together and repeats an axis of length 1, or a missing axis on the
 * left, as often as needed. A number that was used five times gets the sum of five gradients:
 *
 *   g (4, 3) → shape (3)       sum over axis 0
 *   g (4, 3) → shape (4, 1)    sum over axis 1; the axis stays, with length 1
 *   g (4, 3) → shape (1)       sum over both
 *   g (4, 3) → shape ()        sum over both, a Tensor without axes
 *   g (4, 3) → shape (4, 3)    nothing to sum
 *
 * @param g     gradient in the broadcast shape
 * @param shape shape that the variable had before it was broadcast
 * @returns the gradient of the variable: a Tensor of exactly the given shape
 * @throws when no variable of that shape could have been broadcast to the shape of g: (2) or (4, 3, 1) to (4, 3)
 */
export function sumToShape(g: Tensor, shape: readonly number[]): Tensor {
  throw new Error('TODO: sumToShape');
}

/**
 * The product of two tensors, entry by entry, with broadcasting, and what its backward pass will need.
 *
 *   y = a · b        y has the shape that a and b broadcast to
 *
 * @param a any shape
 * @param b any shape that broadcasts with it
 * @returns y, and the cache: a and b
 * @throws when the shapes do not broadcast
 */
export function mulForward(a: Tensor, b: Tensor): { y: Tensor; cache: MulCache } {
  throw new Error('TODO: mulForward');
}

/**
 * The gradients of both factors of a product, each in its factor's own shape.
 *
 *   ∂y/∂a = b, ∂y/∂b = a        entry by entry, in the broadcast shape of y
 *   da = dy · b, summed over the axes along which a was repeated
 *   db = dy · a, summed over the axes along which b was repeated
 *
 * @param dy    upstream gradient ∂L/∂y, in the shape of y
 * @param cache from mulForward
 * @returns da in the shape of a, db in the shape of b
 */
export function mulBackward(dy: Tensor, cache: MulCache): { da: Tensor; db: Tensor } {
  throw new Error('TODO: mulBackward');
}
