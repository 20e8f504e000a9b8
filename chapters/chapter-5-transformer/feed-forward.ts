/**
 * Chapter 5, topic 6: what a block does with each token by itself, after attention has brought the others' news: up into a
 * wider space, through a bend, and down again.
 */
import { ShapeError, Tensor, showShape } from '#tensor';
import { geluBackward, geluForward, reluBackward, reluForward } from '../chapter-2-bp/activations.ts';
import { siluBackward, siluForward } from '../chapter-2-bp/activations.ts';
import type { GeluCache, ReluCache, SiluCache } from '../chapter-2-bp/activations.ts';
import { projectBackward, projectForward } from './multi-head-attention.ts';
import type { ProjectCache } from './multi-head-attention.ts';

export type FeedForwardActivation = 'relu' | 'gelu';

/** The parameters of a feed-forward layer, or the gradients of a loss with respect to them. M is usually 4 C. */
export interface FeedForwardWeights {
  /** (M, C) */
  w1: Tensor;
  /** (M) */
  b1: Tensor;
  /** (C, M) */
  w2: Tensor;
  /** (C) */
  b2: Tensor;
}

export interface FeedForwardCache {
  up: ProjectCache;
  activation: FeedForwardActivation;
  bent: ReluCache | GeluCache;
  down: ProjectCache;
}

/** The parameters of a SwiGLU layer, which has no biases, or the gradients of a loss with respect to them. */
export interface SwigluWeights {
  /** (M, C) decides how far each of the M numbers is let through */
  wGate: Tensor;
  /** (M, C) what is let through */
  wUp: Tensor;
  /** (C, M) */
  wDown: Tensor;
}

export interface SwigluCache {
  /** (…, C) */
  x: Tensor;
  silu: SiluCache;
  /** (…, M) silu(x wGateᵀ) */
  gate: Tensor;
  /** (…, M) x wUpᵀ */
  up: Tensor;
  weights: SwigluWeights;
}

/**
 * The feed-forward layer of a Transformer block: the same two-layer network on every token.
 *
 *   h = activation(x w1ᵀ + b1)      (…, M)
 *   y = h w2ᵀ + b2                  (…, C)
 *
 * @param x          (…, C) tokens, with one or more axes in front
 * @param weights    w1 (M, C), b1 (M), w2 (C, M), b2 (C)
 * @param activation 'relu', or 'gelu' (the exact one)
 * @returns y (…, C), and the cache for feedForwardBackward
 * @throws ShapeError when the shapes do not fit
 * @see Vaswani et al. 2017, eq. 2; Hendrycks & Gimpel 2016 for GELU
 */
export function feedForward(
  x: Tensor,
  weights: FeedForwardWeights,
  activation: FeedForwardActivation,
): { y: Tensor; cache: FeedForwardCache } {
  throw new Error('TODO: feedForward');
}

/**
 * The way back through the feed-forward layer.
 *
 * @param dy    (…, C) upstream gradient of y
 * @param cache from feedForward
 * @returns dx (…, C), and weights: the gradients of w1 (M, C), b1 (M), w2 (C, M) and b2 (C) under their own names
 */
export function feedForwardBackward(dy: Tensor, cache: FeedForwardCache): { dx: Tensor; weights: FeedForwardWeights } {
  throw new Error('TODO: feedForwardBackward');
}

/**
 * SwiGLU, Llama's feed-forward layer: the hidden numbers are not bent but gated, each by another view of the same token.
 *
 *   gate = silu(x wGateᵀ)          (…, M)         silu(z) = z σ(z)
 *   up   = x wUpᵀ                  (…, M)
 *   y    = (gate ⊙ up) wDownᵀ      (…, C)
 *
 * @param x       (…, C) tokens, with one or more axes in front
 * @param weights wGate (M, C), wUp (M, C), wDown (C, M); no biases
 * @returns y (…, C), and the cache for swigluBackward
 * @throws ShapeError when the shapes do not fit; a wGate or wUp with a single row must not be broadcast to the other's
 * @see Shazeer 2020, "GLU variants improve Transformer", eq. 6
 */
export function swigluForward(x: Tensor, weights: SwigluWeights): { y: Tensor; cache: SwigluCache } {
  throw new Error('TODO: swigluForward');
}

/**
 * The gradients of SwiGLU. With h = gate ⊙ up, and sums over all tokens in the gradients of the weights,
 *
 *   dh    = dy wDown                          (…, M)         dwDown = Σ dyᵀ h           (C, M)
 *   dup   = dh ⊙ gate                         (…, M)         dwUp   = Σ dupᵀ x          (M, C)
 *   dgate = dh ⊙ up, back through silu        (…, M)         dwGate = Σ dgateᵀ x        (M, C)
 *   dx    = dup wUp + dgate wGate             (…, C)
 *
 * @param dy    (…, C) upstream gradient of y
 * @param cache from swigluForward
 * @returns dx (…, C), and weights: the gradients of wGate, wUp and wDown under their own names
 */
export function swigluBackward(dy: Tensor, cache: SwigluCache): { dx: Tensor; weights: SwigluWeights } {
  throw new Error('TODO: swigluBackward');
}
