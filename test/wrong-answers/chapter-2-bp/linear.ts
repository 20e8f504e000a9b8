import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'linearForward',
    mistake: 'the bias forgotten',
    find: 'let sum = b.data[k];',
    put: 'let sum = 0;',
    causes: ['bias left out'],
  },
  {
    exercise: 'linearForward',
    mistake: 'w read as (in, out)',
    find: 'w.data[k * inputs + j]',
    put: 'w.data[j * outputs + k]',
    causes: ['w reshaped instead of transposed'],
  },
  {
    exercise: 'linearForward',
    mistake: 'the bias taken off',
    find: 'let sum = b.data[k];',
    put: 'let sum = -b.data[k];',
    causes: ['bias subtracted'],
  },
  {
    exercise: 'linearForward',
    mistake: 'the bias of the sample instead of the output',
    find: 'let sum = b.data[k];',
    put: 'let sum = b.data[i % outputs];',
    causes: ['bias per sample'],
  },
  {
    exercise: 'linearForward',
    mistake: 'the bias added once for every input',
    find: 'sum += x.data[i * inputs + j] * w.data[k * inputs + j];',
    put: 'sum += x.data[i * inputs + j] * w.data[k * inputs + j] + b.data[k];',
    causes: [],
  },
  {
    exercise: 'linearForward',
    mistake: 'b of shape (1) broadcast',
    find: 'if (b.rank !== 1 || b.shape[0] !== outputs) throw',
    put: 'if (b.size !== 1 && b.shape[0] !== outputs) throw',
    causes: [],
  },
  {
    exercise: 'linearBackward',
    mistake: 'dw transposed: (in, out)',
    find: 'const dw = x.T.matmul(dy).T;',
    put: 'const dw = x.T.matmul(dy);',
    causes: ['dw transposed'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'dw divided by N',
    find: 'const dw = x.T.matmul(dy).T;',
    put: 'const dw = x.T.matmul(dy).T.div(samples);',
    causes: ['weight gradient averaged'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'dx with the transposed weights, reshaped until it fits',
    find: 'const dx = w.T.matmul(dy.T).T;',
    put: 'const dx = dy.matmul(w.T.reshape(outputs, w.shape[1]));',
    causes: ['w reshaped on the way back'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'db as a mean',
    find: 'const everyone = full([samples], 1);',
    put: 'const everyone = full([samples], 1 / samples);',
    causes: ['bias gradient averaged'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'db is dy itself: not summed over the batch',
    find: 'db: everyone.matmul(dy)',
    put: 'db: dy',
    causes: ['bias gradient not summed over the batch'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'db summed over the outputs instead of the samples',
    find: 'db: everyone.matmul(dy)',
    put: 'db: dy.sum(1)',
    causes: ['bias gradient summed over the outputs'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'db of the first sample only',
    find: 'db: everyone.matmul(dy)',
    put: 'db: dy.row(0)',
    causes: [],
  },
  {
    exercise: 'linearBackward',
    mistake: 'db is all ones: the upstream gradient forgotten',
    find: 'db: everyone.matmul(dy)',
    put: 'db: full([outputs], 1)',
    causes: [],
  },
  {
    exercise: 'linearBackward',
    mistake: 'everything divided by N',
    find: 'return { dx, dw, db: everyone.matmul(dy) };',
    put: 'return { dx, dw: dw.div(samples), db: everyone.matmul(dy).div(samples) };',
    causes: ['divided by N once more'],
  },
  {
    exercise: 'linearBackward',
    mistake: 'dx without dy: the weights summed',
    find: 'const dx = w.T.matmul(dy.T).T;',
    put: 'const dx = w.sum(0).broadcastTo(x.shape);',
    causes: [],
  },
  {
    exercise: 'predictClasses',
    mistake: 'the largest logit of each column: wrong axis',
    find: '  const chosen: number[] = [];',
    put: `  if (rows > 0) return [...logits.argmax(0).data];
  const chosen: number[] = [];`,
    causes: ['over the batch'],
  },
  {
    exercise: 'predictClasses',
    mistake: 'the last of equal ones',
    find: 'if (logits.data[i * classes + c] > logits',
    put: 'if (logits.data[i * classes + c] >= logits',
    causes: ['the last of equal ones'],
  },
  {
    exercise: 'predictClasses',
    mistake: 'the smallest logit',
    find: 'if (logits.data[i * classes + c] > logits',
    put: 'if (logits.data[i * classes + c] < logits',
    causes: ['the smallest'],
  },
  {
    exercise: 'predictClasses',
    mistake: 'counted from 1',
    find: 'chosen.push(best);',
    put: 'chosen.push(best + 1);',
    causes: [],
  },
  {
    exercise: 'predictClasses',
    mistake: 'the value of the largest logit',
    find: 'chosen.push(best);',
    put: 'chosen.push(logits.data[i * classes + best]);',
    causes: ['the logit instead of its place'],
  },
  {
    exercise: 'predictClasses',
    mistake: 'search starts at 0: all-negative rows go to class 0',
    find: `let best = 0;
    for (let c = 1; c < classes; c++) {
      if (logits.data[i * classes + c] > logits.data[i * classes + best]) best = c;`,
    put: `let best = 0;
    let most = 0;
    for (let c = 0; c < classes; c++) {
      if (logits.data[i * classes + c] > most) [best, most] = [c, logits.data[i * classes + c]];`,
    causes: ['search begins at 0'],
  },
  {
    exercise: 'predictClasses',
    mistake: 'the first logit above the threshold ½',
    find: 'if (logits.data[i * classes + c] > logits.data[i * classes + best]) best = c;',
    put: 'if (logits.data[i * classes + c] > 0.5) best = c;',
    causes: [],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'divided by N once more',
    find: 'const dlogits = crossEntropyBackward(cache);',
    put: 'const dlogits = crossEntropyBackward(cache).div(x.shape[0]);',
    causes: ['gradient divided by N twice'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'the sum over the batch: multiplied by N',
    find: 'const dlogits = crossEntropyBackward(cache);',
    put: 'const dlogits = crossEntropyBackward(cache).mul(x.shape[0]);',
    causes: ['gradient not divided by N'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'db a mean over the samples',
    find: 'const db = dlogits.sum(0);',
    put: 'const db = dlogits.mean(0);',
    causes: ['bias gradient averaged'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'dw transposed',
    find: 'const dw = dlogits.T.matmul(x);',
    put: 'const dw = x.T.matmul(dlogits);',
    causes: ['dw transposed'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'probabilities handed to the cross-entropy, which takes logits',
    find: 'const { loss, cache } = crossEntropyForward(scores, labels);',
    put: `const probabilities = scores.exp().div(scores.exp().sum(1, { keepDims: true }));
  const { loss, cache } = crossEntropyForward(probabilities, labels);`,
    causes: ['softmax twice'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'the bias forgotten in the forward pass',
    find: 'const scores = linearForward(x, w, b).y;',
    put: 'const scores = linearForward(x, w, b.mul(0)).y;',
    causes: ['bias left out'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'the gradient’s sign: the step downhill',
    find: `  const db = dlogits.sum(0);
  return { loss, dw, db };`,
    put: `  const db = dlogits.sum(0);
  return { loss, dw: dw.neg(), db: db.neg() };`,
    causes: ['sign turned'],
  },
  {
    exercise: 'softmaxRegression',
    mistake: 'the loss summed, not averaged',
    find: `  const db = dlogits.sum(0);
  return { loss, dw, db };`,
    put: `  const db = dlogits.sum(0);
  return { loss: loss * labels.length, dw, db };`,
    causes: [],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'the bias forgotten',
    find: 'const z = x.matmul(w).add(b);',
    put: 'const z = x.matmul(w);',
    causes: ['bias left out'],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'dw a mean: divided by N once more',
    find: `const dw = dz.matmul(x);
  let db`,
    put: `const dw = dz.matmul(x).div(targets.length);
  let db`,
    causes: [],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'db a mean',
    find: 'for (const slope of dz.data) db += slope;',
    put: 'for (const slope of dz.data) db += slope / targets.length;',
    causes: ['bias gradient averaged'],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'the gradients of the summed loss: N times too large',
    find: 'const dz = bceWithLogitsBackward(cache);',
    put: 'const dz = bceWithLogitsBackward(cache).mul(targets.length);',
    causes: ['gradient not divided by N'],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'dw left as a matrix of one row',
    find: `const dw = dz.matmul(x);
  let db`,
    put: `const dw = dz.matmul(x).reshape(1, -1);
  let db`,
    causes: ['w as a row matrix'],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'a sigmoid before the loss that takes logits',
    find: 'const z = x.matmul(w).add(b);',
    put: 'const z = x.matmul(w).add(b).neg().exp().add(1).reciprocal();',
    causes: ['sigmoid twice'],
  },
  {
    exercise: 'logisticRegression',
    mistake: '= for +=: db of the last sample',
    find: 'db += slope;',
    put: 'db = slope;',
    causes: [],
  },
  {
    exercise: 'logisticRegression',
    mistake: 'db is the bias’s share without dz: 1',
    find: `let db = 0;
  for (const slope of dz.data) db += slope;`,
    put: 'const db = 1;',
    causes: [],
  },
];
