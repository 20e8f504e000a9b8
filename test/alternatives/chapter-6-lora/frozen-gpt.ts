/**
 * Chapter 5's GPT with its weights frozen and its sublayers open: what stands inside each residual connection is handed in.
 * Every method of this chapter is a choice of sublayers. Nothing here is yours to write.
 */
import { Tensor } from '#tensor';
import { residualBackward, residualForward } from '../chapter-5-transformer/encoder.ts';
import type {
  EncoderBlockWeights,
  ResidualCache,
  Sublayer,
  SublayerBackward,
} from '../chapter-5-transformer/encoder.ts';
import { embedTokens, lmHead, lmHeadBackward } from '../chapter-5-transformer/gpt.ts';
import type { GptWeights, HeadCache } from '../chapter-5-transformer/gpt.ts';

/** The two sublayers of a block, from (B, T, C) to (B, T, C). */
export interface Sublayers<A, F> {
  attention: Sublayer<A>;
  feedForward: Sublayer<F>;
}

export interface FrozenGptCache<A, F> {
  blocks: { attention: ResidualCache<A>; feedForward: ResidualCache<F> }[];
  head: HeadCache;
}

/**
 * The GPT forward, with sublayers of your choice in its residual connections (order 'pre').
 *
 * @param index     (B, T) in rows: tokens
 * @param base      the GPT's weights
 * @param sublayers what stands in block i, given that block's weights
 * @returns logits (B, T, V), and the cache
 */
export function frozenGptForward<A, F>(
  index: number[][],
  base: GptWeights,
  sublayers: (block: EncoderBlockWeights, i: number) => Sublayers<A, F>,
): { logits: Tensor; cache: FrozenGptCache<A, F> } {
  let { y: x } = embedTokens(index, base.tokens, base.positions, 0);
  const blocks = base.blocks.map((block, i) => {
    const inner = sublayers(block, i);
    const a = residualForward(x, block.norm1, 'pre', inner.attention);
    const f = residualForward(a.y, block.norm2, 'pre', inner.feedForward);
    x = f.y;
    return { attention: a.cache, feedForward: f.cache };
  });
  const { logits, cache } = lmHead(x, base.norm, base.head ?? base.tokens);
  return { logits, cache: { blocks, head: cache } };
}

/**
 * The way back to the first block. The gradients of norms, tables and head are computed on the way, and dropped: frozen.
 *
 * @param dlogits (B, T, V) upstream gradient of the logits
 * @returns for each block, the first one first, all that the two backward functions returned
 */
export function frozenGptBackward<A, F, GA extends { dx: Tensor }, GF extends { dx: Tensor }>(
  dlogits: Tensor,
  attentionBackward: SublayerBackward<A, GA>,
  feedForwardBackward: SublayerBackward<F, GF>,
  cache: FrozenGptCache<A, F>,
): { attention: GA; feedForward: GF }[] {
  const gradients: { attention: GA; feedForward: GF }[] = [];
  let { dx } = lmHeadBackward(dlogits, cache.head);
  for (const block of cache.blocks.toReversed()) {
    const f = residualBackward(dx, feedForwardBackward, block.feedForward);
    const a = residualBackward(f.dx, attentionBackward, block.attention);
    gradients.unshift({ attention: a.inner, feedForward: f.inner });
    dx = a.dx;
  }
  return gradients;
}
