/** Wrong answers of the GPT: its two ends, a step of training, and writing with and without a cache. */
import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'embedTokens',
    mistake: 'start is ignored.',
    find: `learnedPositionsForward(words.y, positions, start);`,
    put: `learnedPositionsForward(words.y, positions, start * 0);`,
    causes: ['start ignored'],
  },
  {
    exercise: 'embedTokens',
    mistake: 'The places are forgotten.',
    find: `return { y: placed.y, cache: { embedding`,
    put: `return { y: words.y, cache: { embedding`,
    causes: ['places left out'],
  },
  {
    exercise: 'embedTokens',
    mistake: 'Vector and place are multiplied.',
    find: `return { y: placed.y, cache: { embedding`,
    put: `return { y: placed.y.sub(words.y).mul(words.y), cache: { embedding`,
    causes: ['multiplied'],
  },
  {
    exercise: 'embedTokens',
    mistake: 'The vectors are scaled by the root of C first, as in the paper of 2017.',
    find: `learnedPositionsForward(words.y, positions, start);`,
    put: `learnedPositionsForward(words.y.mul(Math.sqrt(tokens.shape[1])), positions, start);`,
    causes: ['scaled by √C'],
  },
  {
    exercise: 'embedTokensBackward',
    mistake: 'The gradient of the places is put where that of the tokens belongs, and the reverse.',
    find: `return { dtokens, dpositions };`,
    put: `return { dtokens: dpositions, dpositions: dtokens };`,
    causes: ['the two tables exchanged'],
  },
  {
    exercise: 'embedTokensBackward',
    mistake: 'Tokens that come several times keep the last gradient only.',
    find: `const dtokens = embeddingBackward(dy, cache.embedding);`,
    put: `const dtokens = zeros(cache.embedding.vocabulary, dy.shape[2]);
  cache.embedding.tokens.data.forEach((token, n) => {
    for (let c = 0; c < dy.shape[2]; c++) dtokens.data[token * dy.shape[2] + c] = dy.data[n * dy.shape[2] + c];
  });`,
    causes: ['last repeat of a token wins'],
  },
  {
    exercise: 'embedTokensBackward',
    mistake: 'The places get the mean over the batch.',
    find: `learnedPositionsBackward(dy, cache.positions).dtable;`,
    put: `learnedPositionsBackward(dy, cache.positions).dtable.div(dy.shape[0]);`,
    causes: ['places averaged over the batch'],
  },
  {
    exercise: 'embedTokensBackward',
    mistake: 'Half of the gradient for each of the two tables.',
    find: `return { dtokens, dpositions };`,
    put: `return { dtokens: dtokens.mul(0.5), dpositions: dpositions.mul(0.5) };`,
    causes: ['gradient halved between token and place'],
  },
  {
    exercise: 'lmHead',
    mistake: 'The last norm is missing.',
    find: `const columns = table.matmul(h.reshape(B * T, C).T);`,
    put: `const columns = table.matmul(x.reshape(B * T, C).T);`,
    causes: ['last norm left out'],
  },
  {
    exercise: 'lmHead',
    mistake: 'Probabilities instead of logits.',
    find: `return { logits: columns.T.reshape(B, T, V), cache`,
    put: `const e = columns.T.sub(columns.T.max(1, { keepDims: true })).exp();
  return { logits: e.div(e.sum(1, { keepDims: true })).reshape(B, T, V), cache`,
    causes: ['probabilities'],
  },
  {
    exercise: 'lmHead',
    mistake: 'The logits are scaled by the root of C, like scores.',
    find: `return { logits: columns.T.reshape(B, T, V), cache`,
    put: `return { logits: columns.T.div(Math.sqrt(C)).reshape(B, T, V), cache`,
    causes: ['scaled by √C'],
  },
  {
    exercise: 'lmHead',
    mistake: 'The norm has a scale and no shift.',
    find: `layerNormForward(x, norm.gamma, norm.beta, EPSILON);
  const columns`,
    put: `layerNormForward(x, norm.gamma, norm.beta.mul(0), EPSILON);
  const columns`,
    causes: ['beta left out'],
  },
  {
    exercise: 'lmHead',
    mistake: 'gamma and beta are handed over in the wrong order.',
    find: `layerNormForward(x, norm.gamma, norm.beta, EPSILON);
  const columns`,
    put: `layerNormForward(x, norm.beta, norm.gamma, EPSILON);
  const columns`,
    causes: ['gamma and beta exchanged'],
  },
  {
    exercise: 'lmHeadBackward',
    mistake: 'dtable is made with x̂, without gamma and beta.',
    find: `slope * h.data[n * C + c];`,
    put: `slope * norm.xHat.data[n * C + c];`,
    causes: ['table’s gradient from the bare norm'],
  },
  {
    exercise: 'lmHeadBackward',
    mistake: 'The norm is skipped on the way back: dx is dh.',
    find: `  return { dx, norm: { gamma, beta }, dtable };`,
    put: `  return { dx: dx.mul(0).add(dh), norm: { gamma, beta }, dtable };`,
    causes: ['norm passed over'],
  },
  {
    exercise: 'lmHeadBackward',
    mistake: 'dtable is a mean over the tokens.',
    find: `  return { dx, norm: { gamma, beta }, dtable };`,
    put: `  return { dx, norm: { gamma, beta }, dtable: dtable.div(B * T) };`,
    causes: ['table’s gradient averaged over all tokens'],
  },
  {
    exercise: 'lmHeadBackward',
    mistake: 'Each sequence writes over the last one’s dtable.',
    find: `dtable.data[v * C + c] += slope * h.data[n * C + c];`,
    put: `dtable.data[v * C + c] = (n % T ? dtable.data[v * C + c] : 0) + slope * h.data[n * C + c];`,
    causes: ['table’s gradient of the last sequence'],
  },
  {
    exercise: 'lmHeadBackward',
    mistake: 'dtable is divided by the number of sequences.',
    find: `  return { dx, norm: { gamma, beta }, dtable };`,
    put: `  return { dx, norm: { gamma, beta }, dtable: dtable.div(B) };`,
    causes: ['table’s gradient averaged over the batch'],
  },
  {
    exercise: 'gptForward',
    mistake: 'No causal mask.',
    find: `causalMask(T, T), weights.blocks`,
    put: `ones(1, 1), weights.blocks`,
    causes: ['no causal mask'],
  },
  {
    exercise: 'gptForward',
    mistake: 'The mask is transposed: everybody sees what comes later.',
    find: `causalMask(T, T), weights.blocks`,
    put: `causalMask(T, T).T, weights.blocks`,
    causes: ['mask turned round'],
  },
  {
    exercise: 'gptForward',
    mistake: 'Post-norm blocks.',
    find: `{ order: 'pre', ...settings });`,
    put: `{ order: 'post', ...settings });`,
    causes: ['norm after each sublayer'],
  },
  {
    exercise: 'gptForward',
    mistake: 'Always the table of tokens, also where there is a head.',
    find: `lmHead(tower.y, weights.norm, tied ? weights.tokens : weights.head!);`,
    put: `lmHead(tower.y, weights.norm, weights.tokens);`,
    causes: ['always tied'],
  },
  {
    exercise: 'gptForward',
    mistake: 'The blocks are left out: the exit reads the entrance.',
    find: `lmHead(tower.y, weights.norm, tied ?`,
    put: `lmHead(entrance.y, weights.norm, tied ?`,
    causes: ['blocks left out'],
  },
  {
    exercise: 'gptForward',
    mistake: 'Nobody sees himself: the mask is shifted by one.',
    find: `causalMask(T, T), weights.blocks`,
    put: `causalMask(T, T).map((one, at) => (at % T === Math.floor(at / T) && at > 0 ? 0 : one)), weights.blocks`,
    causes: ['mask hides the token itself'],
  },
  {
    exercise: 'gptForward',
    mistake: 'Text begins at place 1.',
    find: `embedTokens(index, weights.tokens, weights.positions, 0);`,
    put: `embedTokens(index, weights.tokens, weights.positions, T < weights.positions.shape[0] ? 1 : 0);`,
    causes: [],
  },
  {
    exercise: 'gptBackward',
    mistake: 'A tied table gets the gradient of the entrance only.',
    find: `if (cache.tied) gradients.tokens = gradients.tokens.add(exit.dtable);`,
    put: `if (cache.tied) gradients.tokens = gradients.tokens.add(0);`,
    causes: ['only the entrance teaches a tied table'],
  },
  {
    exercise: 'gptBackward',
    mistake: 'A tied table gets the gradient of the head only.',
    find: `if (cache.tied) gradients.tokens = gradients.tokens.add(exit.dtable);`,
    put: `if (cache.tied) gradients.tokens = exit.dtable;`,
    causes: ['only the head teaches a tied table'],
  },
  {
    exercise: 'gptBackward',
    mistake: 'A tied table gets the mean of its two gradients.',
    find: `if (cache.tied) gradients.tokens = gradients.tokens.add(exit.dtable);`,
    put: `if (cache.tied) gradients.tokens = gradients.tokens.add(exit.dtable).div(2);`,
    causes: ['the two uses averaged'],
  },
  {
    exercise: 'gptBackward',
    mistake: 'The head’s gradient is added to the tokens whether the head is tied or not.',
    find: `  if (cache.tied) gradients.tokens = gradients.tokens.add(exit.dtable);
  else gradients.head = exit.dtable;`,
    put: `  gradients.tokens = gradients.tokens.add(exit.dtable);
  if (!cache.tied) gradients.head = exit.dtable;`,
    causes: ['always added'],
  },
  {
    exercise: 'gptBackward',
    mistake: 'A gradient named head is returned also where the head is tied.',
    find: `else gradients.head = exit.dtable;`,
    put: `gradients.head = exit.dtable;`,
    causes: [],
  },
  {
    exercise: 'gptBackward',
    mistake: 'The entrance is given the gradient behind the exit: the blocks are skipped.',
    find: `embedTokensBackward(tower.dx, cache.embed);`,
    put: `embedTokensBackward(exit.dx, cache.embed);`,
    causes: ['blocks passed over'],
  },
  {
    exercise: 'gptBackward',
    mistake: 'The blocks’ gradients begin with the last block.',
    find: `    blocks: tower.blocks,
    norm: exit.norm,`,
    put: `    blocks: [...tower.blocks].reverse(),
    norm: exit.norm,`,
    causes: ['gradients of the blocks in reverse'],
  },
  {
    exercise: 'trainStep',
    mistake: 'The targets are not shifted: the tokens that are read.',
    find: `const targets = text.map(([, ...rest]) => rest);`,
    put: `const targets = read;`,
    causes: ['targets not shifted'],
  },
  {
    exercise: 'trainStep',
    mistake: 'Shifted by the wrong end: it reads from the second token on, and is asked for the one before.',
    find: `  const { loss, dlogits } = sequenceLoss(there.logits, targets);`,
    put: `  const late = gptForward(targets, weights, settings);
  Object.assign(there, late);
  const { loss, dlogits } = sequenceLoss(there.logits, read);`,
    causes: ['the token before asked for'],
  },
  {
    exercise: 'trainStep',
    mistake: 'Each tensor is clipped by itself.',
    find: `const { gradients } = clipByNorm(slopes, maxNorm);`,
    put: `const gradients = slopes.flatMap((slope) => clipByNorm([slope], maxNorm).gradients);`,
    causes: ['each tensor clipped by itself'],
  },
  {
    exercise: 'trainStep',
    mistake: 'Nothing is clipped.',
    find: `adamStep(parametersOf(weights), gradients, state, adam);`,
    put: `adamStep(parametersOf(weights), gradients.length ? slopes : gradients, state, adam);`,
    causes: ['not clipped'],
  },
  {
    exercise: 'trainStep',
    mistake: 'Adam starts afresh at every step.',
    find: `adamStep(parametersOf(weights), gradients, state, adam);`,
    put: `adamStep(
    parametersOf(weights),
    gradients,
    { step: 0, m: state.m.map((one) => one.mul(0)), v: state.v.map((one) => one.mul(0)) },
    adam,
  );`,
    causes: ['Adam starts anew each time'],
  },
  {
    exercise: 'trainStep',
    mistake: 'The old state is returned.',
    find: `weights: withParameters(weights, after.parameters), state: after.state };`,
    put: `weights: withParameters(weights, after.parameters), state };`,
    causes: ['the state not handed on'],
  },
  {
    exercise: 'trainStep',
    mistake: 'The loss after the step is returned.',
    find: `  return { loss, weights: withParameters(weights, after.parameters), state: after.state };`,
    put: `  const moved = withParameters(weights, after.parameters);
  const again = sequenceLoss(gptForward(read, moved, settings).logits, targets).loss;
  return { loss: loss * 0 + again, weights: moved, state: after.state };`,
    causes: ['the loss after the step'],
  },
  {
    exercise: 'trainStep',
    mistake: 'The loss is the sum over all places.',
    find: `return { loss, weights: withParameters`,
    put: `return { loss: loss * T * text.length, weights: withParameters`,
    causes: ['loss summed', 'the sum of the losses shown'],
  },
  {
    exercise: 'trainStep',
    mistake: 'Plain gradient descent in place of Adam.',
    find: `  return { loss, weights: withParameters(weights, after.parameters), state: after.state };`,
    put: `  const plain = parametersOf(weights).map((one, i) => one.sub(gradients[i].mul(training.learningRate)));
  return { loss, weights: withParameters(weights, plain), state: after.state };`,
    causes: ['plain gradient descent'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'The token that reaches p is dropped: kept while the sum with it is at most p.',
    find: `if (before >= p) break;`,
    put: `if (before + probability[v] > p) break;`,
    causes: ['the token that reaches p dropped'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'Kept as long as those before have at most p: one too many where the sum hits p.',
    find: `if (before >= p) break;`,
    put: `if (before > p) break;`,
    causes: ['kept where the sum is exactly p'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'The tokens are added up in the order of the vocabulary, not of their probability.',
    find: `const order = [...probability.keys()].sort((a, b) => probability[b] - probability[a] || a - b);`,
    put: `const order = [...probability.keys()];`,
    causes: ['not sorted'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'Probabilities come out, not logits.',
    find: `kept[v] = logits.data[v];`,
    put: `kept[v] = probability[v];`,
    causes: ['probabilities in place of logits'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'What is not kept becomes 0 and not −Infinity.',
    find: `new Float64Array(logits.size).fill(-Infinity);`,
    put: `new Float64Array(logits.size);`,
    causes: ['zero in place of −Infinity'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'The least likely come first.',
    find: `sort((a, b) => probability[b] - probability[a] || a - b);`,
    put: `sort((a, b) => probability[a] - probability[b] || a - b);`,
    causes: ['the unlikeliest first'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'Every token is kept whose own probability is at least p.',
    find: `if (before >= p) break;`,
    put: `if (probability[v] < p) break;`,
    causes: ['p as the least probability'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'p is compared with sums of logits.',
    find: `before += probability[v];`,
    put: `before += logits.data[v];`,
    causes: ['sum of the logits'],
  },
  {
    exercise: 'topPFilter',
    mistake: 'p = 1 is refused too.',
    find: `if (!(p > 0 && p <= 1)) throw`,
    put: `if (!(p > 0 && p < 1)) throw`,
    causes: [],
  },
  {
    exercise: 'chooseToken',
    mistake: 'The temperature is applied twice.',
    find: `softmaxWithTemperature(allowed, cold ? 0 : 1)`,
    put: `softmaxWithTemperature(allowed, temperature)`,
    causes: ['temperature twice'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'The temperature comes behind the filters.',
    find: `  const heated = cold ? logits : logits.div(temperature);
  const allowed = topPFilter(topKFilter(heated, topK), topP);
  return sampleIndex(softmaxWithTemperature(allowed, cold ? 0 : 1), u);`,
    put: `  const allowed = topPFilter(topKFilter(logits, topK), topP);
  return sampleIndex(softmaxWithTemperature(allowed, cold ? 0 : temperature), u);`,
    causes: ['temperature last'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'First top-p, then top-k.',
    find: `topPFilter(topKFilter(heated, topK), topP);`,
    put: `topKFilter(topPFilter(heated, topP), topK);`,
    causes: ['top-p before top-k'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'A temperature of 0 divides by 0.',
    find: `const cold = temperature === 0;`,
    put: `const cold = false;`,
    causes: [],
  },
  {
    exercise: 'chooseToken',
    mistake: 'The logits are multiplied by the temperature.',
    find: `cold ? logits : logits.div(temperature);`,
    put: `cold ? logits : logits.mul(temperature);`,
    causes: ['temperature multiplied'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'Temperature 0 is taken as 1: it draws.',
    find: `softmaxWithTemperature(allowed, cold ? 0 : 1)`,
    put: `softmaxWithTemperature(allowed, 1)`,
    causes: ['temperature 0 taken as 1'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'The temperature is forgotten.',
    find: `cold ? logits : logits.div(temperature);`,
    put: `logits;`,
    causes: ['temperature ignored but for 0'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'top-p is forgotten.',
    find: `topPFilter(topKFilter(heated, topK), topP);`,
    put: `topPFilter(topKFilter(heated, topK), topP > 0 ? 1 : topP);`,
    causes: ['top-p ignored'],
  },
  {
    exercise: 'chooseToken',
    mistake: 'Always the likeliest token.',
    find: `return sampleIndex(softmaxWithTemperature(allowed, cold ? 0 : 1), u);`,
    put: `sampleIndex(softmaxWithTemperature(allowed, cold ? 0 : 1), u);
  return allowed.argmax().item();`,
    causes: ['always the likeliest'],
  },
  {
    exercise: 'generateText',
    mistake: 'The first row of the logits is taken.',
    find: `logits.slice(0, read.length - 1)`,
    put: `logits.slice(0, 0)`,
    causes: ['first row of the logits'],
  },
  {
    exercise: 'generateText',
    mistake: 'The first L tokens are read, not the last.',
    find: `text.slice(Math.max(0, text.length - L));
    const`,
    put: `text.slice(0, L);
    const`,
    causes: ['the first L tokens'],
  },
  {
    exercise: 'generateText',
    mistake: 'The prompt is returned too.',
    find: `return text.slice(prompt.length);`,
    put: `return text;`,
    causes: ['the prompt in the result'],
  },
  {
    exercise: 'generateText',
    mistake: 'The same uniform number for every draw.',
    find: `chooseToken(logits.slice(0, read.length - 1), u, sampling)`,
    put: `chooseToken(logits.slice(0, read.length - 1), u * 0 + uniforms[0], sampling)`,
    causes: ['the same uniform each time'],
  },
  {
    exercise: 'generateText',
    mistake: 'What has been written is not read: each token is drawn after the prompt.',
    find: `text.slice(Math.max(0, text.length - L));
    const`,
    put: `prompt.slice(-L);
    const`,
    causes: ['never reads what it writes'],
  },
  {
    exercise: 'generateText',
    mistake: 'The window has L − 1 tokens.',
    find: `text.slice(Math.max(0, text.length - L));
    const`,
    put: `text.slice(Math.max(0, text.length - Math.max(1, L - 1)));
    const`,
    causes: ['one place unused'],
  },
  {
    exercise: 'generateText',
    mistake: 'Only the last token is read, as if there were a state.',
    find: `text.slice(Math.max(0, text.length - L));
    const`,
    put: `text.slice(-1);
    const`,
    causes: ['reads only the last token'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'The new key and value go in front.',
    find: `  const k = concat([kept.k, projectForward(x, wK, bK).y], 1);
  const v = concat([kept.v, projectForward(x, wV, bV).y], 1);`,
    put: `  const k = concat([projectForward(x, wK, bK).y, kept.k], 1);
  const v = concat([projectForward(x, wV, bV).y, kept.v], 1);`,
    causes: ['the new one in front'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'The new token cannot see itself: it attends to what was kept before.',
    find: `const [q, keys, values] = [asked, k, v].map((part) => splitHeads(part, heads));
  const looked = attentionForward(q, keys, values, ones(1, k.shape[1]));`,
    put: `const old = kept.k.shape[1] > 0 ? kept : { k, v };
  const [q, keys, values] = [asked, old.k, old.v].map((part) => splitHeads(part, heads));
  const looked = attentionForward(q, keys, values, ones(1, 1));`,
    causes: ['blind to itself'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'What is kept does not grow.',
    find: `wO, bO).y, kept: { k, v } };`,
    put: `wO, bO).y, kept };`,
    causes: ['kept as it was'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'Keys and values are kept after splitting into heads.',
    find: `wO, bO).y, kept: { k, v } };`,
    put: `wO, bO).y, kept: { k: keys, v: values } };`,
    causes: ['kept by heads'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'The token itself is kept as a value, without its projection.',
    find: `concat([kept.v, projectForward(x, wV, bV).y], 1);`,
    put: `concat([kept.v, x], 1);`,
    causes: ['x kept in place of its value'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'The last projection is forgotten.',
    find: `return { y: projectForward(mergeHeads(looked.y), wO, bO).y, kept`,
    put: `return { y: mergeHeads(looked.y), kept`,
    causes: ['output projection left out'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'One wide head.',
    find: `splitHeads(part, heads));
  const looked`,
    put: `splitHeads(part, heads * 0 + 1));
  const looked`,
    causes: ['heads ignored'],
  },
  {
    exercise: 'cachedAttention',
    mistake: 'The bias of keys and values is forgotten for the new token.',
    find: `  const k = concat([kept.k, projectForward(x, wK, bK).y], 1);
  const v = concat([kept.v, projectForward(x, wV, bV).y], 1);`,
    put: `  const k = concat([kept.k, projectForward(x, wK, bK.mul(0)).y], 1);
  const v = concat([kept.v, projectForward(x, wV, bV.mul(0)).y], 1);`,
    causes: ['biases of key and value left out'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'Every token stands at place 0.',
    find: `weights.positions, placesRead(kept));`,
    put: `weights.positions, 0);`,
    causes: ['places restarted'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'The place is one too large (or, at the end, the last one).',
    find: `weights.positions, placesRead(kept));`,
    put: `weights.positions, Math.min(placesRead(kept) + 1, weights.positions.shape[0] - 1));`,
    causes: ['one place too far'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'All blocks use what the first one kept.',
    find: `cachedAttention(t, kept[l], block.attention, heads);`,
    put: `cachedAttention(t, kept[0], block.attention, heads);`,
    causes: ['one block’s kept for all'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'Post-norm.',
    find: `residualForward(met.y, block.norm2, 'pre', (t)`,
    put: `residualForward(met.y, block.norm2, 'post', (t)`,
    causes: ['norm after the feed-forward layer'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'Every block reads the entrance.',
    find: `residualForward(x, block.norm1, 'pre', (t) => {`,
    put: `residualForward(embedTokens([[token]], weights.tokens, weights.positions, placesRead(kept)).y, block.norm1, 'pre', (t) => {`,
    causes: ['every block reads the entrance'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'The feed-forward layer is forgotten.',
    find: `    x = thought.y;`,
    put: `    x = thought.y.mul(0).add(met.y);`,
    causes: ['feed-forward layer left out'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'Always the tied head.',
    find: `lmHead(x, weights.norm, weights.head ?? weights.tokens);`,
    put: `lmHead(x, weights.norm, weights.tokens);`,
    causes: ['always tied'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'What was kept before is returned, not what is kept now.',
    find: `return { logits: logits.flatten(), kept: grown };`,
    put: `return { logits: logits.flatten(), kept: grown.length ? kept : grown };`,
    causes: ['kept as it was'],
  },
  {
    exercise: 'cachedStep',
    mistake: 'Keys and values are made of x before the norm.',
    find: `      const { y, kept: cache } = cachedAttention(t, kept[l], block.attention, heads);`,
    put: `      const { y } = cachedAttention(t, kept[l], block.attention, heads);
      const cache = cachedAttention(x, kept[l], block.attention, heads).kept;`,
    causes: ['keys and values before the norm'],
  },
  {
    exercise: 'generateCached',
    mistake: 'The prompt’s last token is read twice.',
    find: `    if (i > 0) logits = next(written[i - 1]);`,
    put: `    logits = next(i > 0 ? written[i - 1] : window[window.length - 1]);`,
    causes: ['last token of the prompt read twice'],
  },
  {
    exercise: 'generateCached',
    mistake: 'At the end of the window the oldest key and value are dropped and the rest is kept.',
    find: `    const read = [...window, ...written].slice(-L);
    return gptForward([read], weights, settings).logits.slice(0, -1);`,
    put: `    kept = kept.map(({ k, v }) => ({ k: k.slice(null, [1, L]), v: v.slice(null, [1, L]) }));
    const step = cachedStep(token, kept, weights, settings);
    kept = step.kept;
    return step.logits;`,
    causes: ['old keys and values kept beyond L'],
  },
  {
    exercise: 'generateCached',
    mistake: 'At the end of the window the cache is thrown away and begun anew with the one token.',
    find: `    const read = [...window, ...written].slice(-L);
    return gptForward([read], weights, settings).logits.slice(0, -1);`,
    put: `    const step = cachedStep(token, nothingKept(weights), weights, settings);
    kept = step.kept;
    return step.logits;`,
    causes: ['starts afresh when the places are full'],
  },
  {
    exercise: 'generateCached',
    mistake: 'A long prompt is cut at the wrong end: its first L tokens.',
    find: `const window = prompt.slice(-L);`,
    put: `const window = prompt.slice(0, L);`,
    causes: ['beginning of a long prompt', 'beginning of a long prompt, and its end never'],
  },
  {
    exercise: 'generateCached',
    mistake: 'What has been written is not read again: the logits stay those after the prompt.',
    find: `    if (i > 0) logits = next(written[i - 1]);`,
    put: `    if (i > 0) next(written[i - 1]);`,
    causes: ['never reads what it writes'],
  },
  {
    exercise: 'generateCached',
    mistake: 'The prompt is returned too.',
    find: `  return written;`,
    put: `  return [...prompt, ...written];`,
    causes: ['the prompt in the result'],
  },
  {
    exercise: 'generateCached',
    mistake: 'Beyond L the window is one token too short.',
    find: `const read = [...window, ...written].slice(-L);`,
    put: `const read = [...window, ...written].slice(-L + 1 || -1);`,
    causes: ['one place unused when the places are full'],
  },
  {
    exercise: 'generateCached',
    mistake: 'The first token of the prompt alone is read before writing begins.',
    find: `for (const token of window) logits = next(token);`,
    put: `for (const token of window.slice(0, 1)) logits = next(token);`,
    causes: ['only the first token of the prompt read'],
  },
];
