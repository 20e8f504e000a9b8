/** Wrong answers of the decoder block and the stack. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'decoderBlockForward',
    mistake: 'The window lies below the ground floor: cross-attention first.',
    find: `  const { y: a, cache: selfAttention } = residualForward(x, weights.norm1, order, lookBack);
  const { y: c, cache: crossAttention } = residualForward(a, weights.norm2, order, lookAcross);`,
    put: `  const { y: a, cache: crossAttention } = residualForward(x, weights.norm2, order, lookAcross);
  const { y: c, cache: selfAttention } = residualForward(a, weights.norm1, order, lookBack);`,
    causes: ['memory read first'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'Both attentions share the weights of the first.',
    find: `multiHeadForward(t, memory, memoryMask, weights.crossAttention, heads);`,
    put: `multiHeadForward(t, memory, memoryMask, weights.selfAttention, heads);`,
    causes: ['one attention’s weights for both'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'The mask of the source is forgotten.',
    find: `multiHeadForward(t, memory, memoryMask, weights.crossAttention, heads);`,
    put: `multiHeadForward(t, memory, new Tensor([1, 1], [1]), weights.crossAttention, heads);`,
    causes: ['reads the padding'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'The causal mask is forgotten.',
    find: `selfAttentionForward(t, mask, weights.selfAttention, heads);`,
    put: `selfAttentionForward(t, new Tensor([1, 1], [1]), weights.selfAttention, heads);`,
    causes: ['looks ahead'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'The masks are exchanged where their shapes allow it.',
    find: `selfAttentionForward(t, mask, weights.selfAttention, heads);`,
    put: `selfAttentionForward(
      t,
      memory.shape[1] === t.shape[1] || memoryMask.shape[memoryMask.rank - 1] === 1 ? memoryMask : mask,
      weights.selfAttention,
      heads,
    );`,
    causes: [],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'Norm 3 for cross-attention and norm 2 for the feed-forward layer.',
    find: `  const { y: c, cache: crossAttention } = residualForward(a, weights.norm2, order, lookAcross);
  const { y, cache: last } = residualForward(c, weights.norm3, order, think);`,
    put: `  const { y: c, cache: crossAttention } = residualForward(a, weights.norm3, order, lookAcross);
  const { y, cache: last } = residualForward(c, weights.norm2, order, think);`,
    causes: ['norms exchanged'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'Cross-attention reads x instead of a: the ground floor is bypassed.',
    find: `residualForward(a, weights.norm2, order, lookAcross);`,
    put: `residualForward(x, weights.norm2, order, lookAcross);`,
    causes: ['self-attention left out'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'The roles in cross-attention are exchanged where the lengths allow it: the memory asks.',
    find: `multiHeadForward(t, memory, memoryMask, weights.crossAttention, heads);`,
    put: `t.sameShape(memory)
      ? multiHeadForward(memory, t, memoryMask, weights.crossAttention, heads)
      : multiHeadForward(t, memory, memoryMask, weights.crossAttention, heads);`,
    causes: [],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'Cross-attention is left out.',
    find: `residualForward(c, weights.norm3, order, think);`,
    put: `residualForward(c.mul(0).add(a), weights.norm3, order, think);`,
    causes: ['cross-attention left out'],
  },
  {
    exercise: 'decoderBlockForward',
    mistake: 'Always ReLU.',
    find: `feedForward(t, weights.feedForward, activation);`,
    put: `feedForward(t, weights.feedForward, activation && 'relu');`,
    causes: ['always ReLU'],
  },
  {
    exercise: 'decoderBlockBackward',
    mistake: 'Each connection is given dy.',
    find: `  const across = residualBackward(thought.dx, multiHeadBackward, cache.crossAttention);
  const back = residualBackward(across.dx, selfAttentionBackward, cache.selfAttention);`,
    put: `  const across = residualBackward(dy, multiHeadBackward, cache.crossAttention);
  const back = residualBackward(dy, selfAttentionBackward, cache.selfAttention);`,
    causes: ['every sublayer gets dy'],
  },
  {
    exercise: 'decoderBlockBackward',
    mistake: 'multiHeadBackward on both floors: the gradient of the self-attention’s keys and values is dropped.',
    find: `residualBackward(across.dx, selfAttentionBackward, cache.selfAttention);`,
    put: `residualBackward(across.dx, multiHeadBackward, cache.selfAttention);`,
    causes: ['memory of self-attention dropped'],
  },
  {
    exercise: 'decoderBlockBackward',
    mistake: 'The self-attention is given the gradient that went into cross-attention’s connection.',
    find: `residualBackward(across.dx, selfAttentionBackward, cache.selfAttention);`,
    put: `residualBackward(thought.dx, selfAttentionBackward, cache.selfAttention);`,
    causes: ['self-attention gets what cross-attention got'],
  },
  {
    exercise: 'decoderBlockBackward',
    mistake: 'The memory’s gradient is thought to be zero: it is a constant of the block.',
    find: `dmemory: across.inner.dmemory, weights };`,
    put: `dmemory: zerosLike(across.inner.dmemory), weights };`,
    causes: ['nothing for the memory'],
  },
  {
    exercise: 'decoderBlockBackward',
    mistake: 'The gradients of norm 2 and norm 3 are exchanged.',
    find: `    norm2: across.norm,
    feedForward: thought.inner.weights,
    norm3: thought.norm,`,
    put: `    norm3: across.norm,
    feedForward: thought.inner.weights,
    norm2: thought.norm,`,
    causes: ['the upper norms’ gradients exchanged'],
  },
  {
    exercise: 'decoderBlockBackward',
    mistake: 'Where the lengths are equal, dmemory is added to dx as in self-attention.',
    find: `return { dx: back.dx, dmemory: across.inner.dmemory, weights };`,
    put: `const { dmemory } = across.inner;
  return { dx: dmemory.sameShape(back.dx) ? back.dx.add(dmemory) : back.dx, dmemory, weights };`,
    causes: [],
  },
  {
    exercise: 'decoderForward',
    mistake: 'Every block reads x.',
    find: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[l], settings);`,
    put: `decoderBlockForward(x, memory, mask, memoryMask, blocks[l], settings);`,
    causes: ['every block reads x'],
  },
  {
    exercise: 'decoderForward',
    mistake: 'The weights of the first block serve all.',
    find: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[l], settings);`,
    put: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[0], settings);`,
    causes: ['one block’s weights for all'],
  },
  {
    exercise: 'decoderForward',
    mistake: 'Only the first block sees the memory; the others look at the stream.',
    find: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[l], settings);`,
    put: `decoderBlockForward(
      stream,
      l === 0 ? memory : stream,
      mask,
      l === 0 ? memoryMask : new Tensor([1, 1], [1]),
      blocks[l],
      settings,
    );`,
    causes: [],
  },
  {
    exercise: 'decoderForward',
    mistake: 'The mask of the source is not handed on.',
    find: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[l], settings);`,
    put: `decoderBlockForward(stream, memory, mask, new Tensor([1, 1], [1]), blocks[l], settings);`,
    causes: ['reads the padding'],
  },
  {
    exercise: 'decoderForward',
    mistake: 'The blocks are run from the last to the first.',
    find: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[l], settings);`,
    put: `decoderBlockForward(stream, memory, mask, memoryMask, blocks[blocks.length - 1 - l], settings);`,
    causes: ['the last block first'],
  },
  {
    exercise: 'decoderBackward',
    mistake: 'Each block writes over the memory’s gradient; the first block’s remains.',
    find: `shares.reduce((sum, share) => sum.add(share), zerosLike(cache.memory));`,
    put: `shares.reduce((_, share) => share, zerosLike(cache.memory));`,
    causes: ['memory’s gradient written over'],
  },
  {
    exercise: 'decoderBackward',
    mistake: 'The memory’s gradient is that of the last block alone.',
    find: `shares.reduce((sum, share) => sum.add(share), zerosLike(cache.memory));`,
    put: `shares.length ? shares[0] : zerosLike(cache.memory);`,
    causes: ['memory’s gradient of the last block only'],
  },
  {
    exercise: 'decoderBackward',
    mistake: 'The mean over the blocks.',
    find: `shares.reduce((sum, share) => sum.add(share), zerosLike(cache.memory));`,
    put: `shares.reduce((sum, share) => sum.add(share), zerosLike(cache.memory)).div(Math.max(1, shares.length));`,
    causes: ['memory’s gradient averaged'],
  },
  {
    exercise: 'decoderBackward',
    mistake: 'Every block is given dy.',
    find: `decoderBlockBackward(slope, cache.blocks[l]);`,
    put: `decoderBlockBackward(dy, cache.blocks[l]);`,
    causes: ['every block gets dy'],
  },
  {
    exercise: 'decoderBackward',
    mistake: 'The gradients come in the order of the walk.',
    find: `blocks.unshift(weights);`,
    put: `blocks.push(weights);`,
    causes: ['gradients in the order of the walk'],
  },
  {
    exercise: 'decoderBackward',
    mistake: 'The walk goes from the first block to the last.',
    find: `  for (let l = cache.blocks.length - 1; l >= 0; l--) {
    const { dx, dmemory, weights } = decoderBlockBackward(slope, cache.blocks[l]);
    slope = dx;
    shares.push(dmemory);
    blocks.unshift(weights);`,
    put: `  for (let l = 0; l < cache.blocks.length; l++) {
    const { dx, dmemory, weights } = decoderBlockBackward(slope, cache.blocks[l]);
    slope = dx;
    shares.push(dmemory);
    blocks.push(weights);`,
    causes: ['from the first block to the last'],
  },
];
