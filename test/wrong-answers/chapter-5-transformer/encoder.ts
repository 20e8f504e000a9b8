/** Wrong answers of the residual connection, the encoder block and the stack. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'residualForward',
    mistake: 'Pre: the normalised token goes around, not x.',
    find: `y: said.y.add(x), cache`,
    put: `y: said.y.add(quiet.y), cache`,
    causes: ['the normed tokens go around'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Pre: nothing goes around.',
    find: `y: said.y.add(x), cache`,
    put: `y: said.y, cache`,
    causes: ['nothing goes around with pre'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Pre and post are mixed up.',
    find: `  switch (order) {`,
    put: `  switch (order === 'pre' ? 'post' : ('pre' as NormOrder)) {`,
    causes: ['pre and post exchanged'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Post: the norm comes before the sum, x + LayerNorm(sublayer(x)).',
    find: `      const { y, cache } = layerNormForward(change.add(x), gamma, beta, EPSILON);
      return { y, cache:`,
    put: `      const { y: normed, cache } = layerNormForward(change, gamma, beta, EPSILON);
      const y = normed.add(x);
      return { y, cache:`,
    causes: ['norm before the sum'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Post: nothing goes around.',
    find: `layerNormForward(change.add(x), gamma, beta, EPSILON);`,
    put: `layerNormForward(change, gamma, beta, EPSILON);`,
    causes: ['nothing goes around with post'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Post: no norm at all.',
    find: `return { y, cache: { order, norm: cache, inner } };`,
    put: `return { y: change.add(x), cache: { order, norm: cache, inner } };`,
    causes: ['no norm after the sum'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Pre: the sublayer reads x, and the norm is made for nothing.',
    find: `const said = sublayer(quiet.y);`,
    put: `const said = sublayer(x);`,
    causes: ['the sublayer reads x'],
  },
  {
    exercise: 'residualForward',
    mistake: 'Always pre, the order is not looked at.',
    find: `  switch (order) {`,
    put: `  switch ('pre' as NormOrder) {`,
    causes: ['pre-norm for both'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Post: dy goes around instead of ds.',
    find: `dx: through.dx.add(ds.dx), norm`,
    put: `dx: through.dx.add(dy), norm`,
    causes: ['around the norm too'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Post: the gradient comes through the sublayer only.',
    find: `dx: through.dx.add(ds.dx), norm`,
    put: `dx: through.dx, norm`,
    causes: ['residual dropped with post'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Post: the gradient goes around the sublayer only.',
    find: `dx: through.dx.add(ds.dx), norm`,
    put: `dx: ds.dx, norm`,
    causes: ['only the way around', 'only the way around with post'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Post: the sublayer is given dy, not ds.',
    find: `const through = sublayerBackward(ds.dx, cache.inner);`,
    put: `const through = sublayerBackward(dy, cache.inner);`,
    causes: ['the sublayer gets dy with post'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Pre: nothing goes around.',
    find: `dx: dy.add(detour), norm`,
    put: `dx: detour, norm`,
    causes: ['residual dropped with pre'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Pre: the norm is skipped on the way back.',
    find: `dx: dy.add(detour), norm`,
    put: `dx: dy.add(inner.dx), norm`,
    causes: ['past the norm with pre'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Pre: the norm’s backward is taken of the whole sum dy + sublayer’s.',
    find: `layerNormBackward(inner.dx, cache.norm);
  return { dx: dy.add(detour)`,
    put: `layerNormBackward(inner.dx.add(dy), cache.norm);
  return { dx: detour`,
    causes: ['around, and then through the norm'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'Pre: the norm goes first, and the sublayer is given its gradient, as in post.',
    find: `if (cache.order === 'post') {`,
    put: `if (cache.order === 'post' || cache.order === 'pre') {`,
    causes: ['back as in post-norm'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'The orders are exchanged.',
    find: `if (cache.order === 'post') {`,
    put: `if (cache.order === 'pre') {`,
    causes: ['pre and post exchanged'],
  },
  {
    exercise: 'residualBackward',
    mistake: 'gamma’s and beta’s gradients are exchanged.',
    find: `norm: { gamma, beta }, inner };`,
    put: `norm: { gamma: beta, beta: gamma }, inner };`,
    causes: ['gamma’s and beta’s gradients exchanged with pre'],
  },
  {
    exercise: 'selfAttentionBackward',
    mistake: 'The gradient as memory is dropped.',
    find: `(entry, i) => entry + gradients.dmemory.data[i]`,
    put: `(entry) => entry`,
    causes: ['gradient of the memory dropped'],
  },
  {
    exercise: 'selfAttentionBackward',
    mistake: 'The gradient as the one that asks is dropped.',
    find: `(entry, i) => entry + gradients.dmemory.data[i]`,
    put: `(_, i) => gradients.dmemory.data[i]`,
    causes: ['gradient of the queries dropped'],
  },
  {
    exercise: 'selfAttentionBackward',
    mistake: 'The mean of the two.',
    find: `(entry, i) => entry + gradients.dmemory.data[i]`,
    put: `(entry, i) => (entry + gradients.dmemory.data[i]) / 2`,
    causes: ['mean of the two'],
  },
  {
    exercise: 'selfAttentionBackward',
    mistake: 'The upstream gradient is added, as if there were a residual in here.',
    find: `(entry, i) => entry + gradients.dmemory.data[i]`,
    put: `(entry, i) => entry + gradients.dmemory.data[i] + dy.data[i]`,
    causes: ['dy added already'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'One norm serves both sublayers.',
    find: `residualForward(met.y, weights.norm2, order, think);`,
    put: `residualForward(met.y, weights.norm1, order, think);`,
    causes: ['one norm for both'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'The feed-forward layer comes first.',
    find: `  const met = residualForward(x, weights.norm1, order, meet);
  const thought = residualForward(met.y, weights.norm2, order, think);
  return { y: thought.y,`,
    put: `  const thought = residualForward(x, weights.norm2, order, think);
  const met = residualForward(thought.y, weights.norm1, order, meet);
  return { y: met.y,`,
    causes: ['feed-forward before attention'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'The feed-forward layer reads x instead of what the attention gave.',
    find: `residualForward(met.y, weights.norm2, order, think);`,
    put: `residualForward(x, weights.norm2, order, think);`,
    causes: ['feed-forward reads x'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'The mask is not handed on.',
    find: `selfAttentionForward(t, mask, weights.attention, heads);`,
    put: `selfAttentionForward(t, new Tensor([1, 1], [1]), weights.attention, heads);`,
    causes: ['mask forgotten'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'Keys and values are made of x and not of t: with pre they are not normalised.',
    find: `selfAttentionForward(t, mask, weights.attention, heads);`,
    put: `multiHeadForward(t, x, mask, weights.attention, heads);`,
    causes: ['memory without the norm'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'Always post-norm.',
    find: `  const { heads, activation, order } = settings;
  const meet`,
    put: `  const { heads, activation } = settings;
  const order = 'post' as NormOrder;
  const meet`,
    causes: ['post-norm for both'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'Always ReLU.',
    find: `feedForward(t, weights.feedForward, activation);`,
    put: `feedForward(t, weights.feedForward, activation && 'relu');`,
    causes: ['always ReLU'],
  },
  {
    exercise: 'encoderBlockForward',
    mistake: 'The two norms are exchanged.',
    find: `  const met = residualForward(x, weights.norm1, order, meet);
  const thought = residualForward(met.y, weights.norm2, order, think);`,
    put: `  const met = residualForward(x, weights.norm2, order, meet);
  const thought = residualForward(met.y, weights.norm1, order, think);`,
    causes: ['norms exchanged'],
  },
  {
    exercise: 'encoderBlockBackward',
    mistake: 'Both connections are given dy.',
    find: `residualBackward(thought.dx, selfAttentionBackward, cache.attention);`,
    put: `residualBackward(dy, selfAttentionBackward, cache.attention);`,
    causes: ['both sublayers get dy'],
  },
  {
    exercise: 'encoderBlockBackward',
    mistake: 'The keys’ and values’ gradient is not added: multiHeadBackward is handed over.',
    find: `residualBackward(thought.dx, selfAttentionBackward, cache.attention);`,
    put: `residualBackward(thought.dx, multiHeadBackward, cache.attention);`,
    causes: ['gradient of the memory dropped'],
  },
  {
    exercise: 'encoderBlockBackward',
    mistake: 'The gradients of the two norms are exchanged.',
    find: `    norm2: thought.norm,
    feedForward: thought.inner.weights,
    norm1: met.norm,`,
    put: `    norm1: thought.norm,
    feedForward: thought.inner.weights,
    norm2: met.norm,`,
    causes: ['the norms’ gradients exchanged'],
  },
  {
    exercise: 'encoderBlockBackward',
    mistake: 'From the first sublayer to the last.',
    find: `  const thought = residualBackward(dy, feedForwardBackward, cache.feedForward);
  const met = residualBackward(thought.dx, selfAttentionBackward, cache.attention);
  const weights: EncoderBlockWeights = {`,
    put: `  const met0 = residualBackward(dy, selfAttentionBackward, cache.attention);
  const thought = residualBackward(met0.dx, feedForwardBackward, cache.feedForward);
  const met = { ...met0, dx: thought.dx };
  const weights: EncoderBlockWeights = {`,
    causes: ['the attention first'],
  },
  {
    exercise: 'encoderBlockBackward',
    mistake: 'dy is added once more at the end: a residual around the whole block.',
    find: `return { dx: met.dx, weights };`,
    put: `return { dx: met.dx.add(dy), weights };`,
    causes: ['dy added once more'],
  },
  {
    exercise: 'encoderForward',
    mistake: 'Every block reads x.',
    find: `encoderBlockForward(below.y, mask, weights, settings);`,
    put: `encoderBlockForward(x, mask, weights, settings);`,
    causes: ['every block reads x'],
  },
  {
    exercise: 'encoderForward',
    mistake: 'The weights of the first block serve all.',
    find: `encoderBlockForward(below.y, mask, weights, settings);`,
    put: `encoderBlockForward(below.y, mask, weights && blocks[0], settings);`,
    causes: ['one block’s weights for all'],
  },
  {
    exercise: 'encoderForward',
    mistake: 'The blocks are run from the last to the first.',
    find: `return blocks.reduce((below`,
    put: `return blocks.reduceRight((below`,
    causes: ['the last block first'],
  },
  {
    exercise: 'encoderForward',
    mistake: 'Only the first block has the mask.',
    find: `encoderBlockForward(below.y, mask, weights, settings);`,
    put: `encoderBlockForward(below.y, below.cache.length ? new Tensor([1, 1], [1]) : mask, weights, settings);`,
    causes: ['mask for the first block only'],
  },
  {
    exercise: 'encoderForward',
    mistake: 'x is added to what each block gives, which has its residuals already.',
    find: `return { y, cache: below.cache.concat(cache) };`,
    put: `return { y: y.add(below.y), cache: below.cache.concat(cache) };`,
    causes: ['added once more'],
  },
  {
    exercise: 'encoderBackward',
    mistake: 'The gradients come in the order of the walk, the last block’s first.',
    find: `blocks: [...below.blocks, top.weights] };`,
    put: `blocks: [top.weights, ...below.blocks] };`,
    causes: ['gradients in the order of the walk'],
  },
  {
    exercise: 'encoderBackward',
    mistake: 'Every block is given dy.',
    find: `const below = encoderBackward(top.dx, cache.slice(0, -1));`,
    put: `const below = encoderBackward(cache.length > 1 ? dy : top.dx, cache.slice(0, -1));`,
    causes: ['every block gets dy'],
  },
  {
    exercise: 'encoderBackward',
    mistake: 'The walk goes from the first block to the last.',
    find: `  const top = encoderBlockBackward(dy, cache[cache.length - 1]);
  const below = encoderBackward(top.dx, cache.slice(0, -1));
  return { dx: below.dx, blocks: [...below.blocks, top.weights] };`,
    put: `  const top = encoderBlockBackward(dy, cache[0]);
  const below = encoderBackward(top.dx, cache.slice(1));
  return { dx: below.dx, blocks: [top.weights, ...below.blocks] };`,
    causes: ['from the first block to the last'],
  },
  {
    exercise: 'encoderBackward',
    mistake: 'dx is the sum of what all blocks gave.',
    find: `return { dx: below.dx, blocks: [...below.blocks, top.weights] };`,
    put: `return { dx: cache.length > 1 ? below.dx.add(top.dx) : top.dx, blocks: [...below.blocks, top.weights] };`,
    causes: [],
  },
];
