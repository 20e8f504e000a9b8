import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'seq2seqForward',
    mistake: 'Only the hidden state goes through the door; the cell stays behind.',
    find: 'lstmForward(target, read.hn, read.cn, decoder);',
    put: 'lstmForward(target, read.hn, nothing, decoder);',
    causes: ['only the hidden state handed over'],
  },
  {
    exercise: 'seq2seqForward',
    mistake: 'The decoder starts from zeros, too.',
    find: 'lstmForward(target, read.hn, read.cn, decoder);',
    put: 'lstmForward(target, nothing, nothing, decoder);',
    causes: ['the decoder starts from zeros'],
  },
  {
    exercise: 'seq2seqForward',
    mistake: 'The two states are exchanged at the door.',
    find: 'lstmForward(target, read.hn, read.cn, decoder);',
    put: 'lstmForward(target, read.cn, read.hn, decoder);',
    causes: ['hidden and cell state exchanged'],
  },
  {
    exercise: 'seq2seqForward',
    mistake: "The decoder starts from the encoder's first output.",
    find: 'lstmForward(target, read.hn, read.cn, decoder);',
    put: 'lstmForward(target, read.y.row(0), read.cn, decoder);',
    causes: ['the encoder’s first state handed over', 'the encoder’s first output handed over'],
  },
  {
    exercise: 'seq2seqForward',
    mistake: 'The hidden state is given to the decoder for its cell as well.',
    find: 'lstmForward(target, read.hn, read.cn, decoder);',
    put: 'lstmForward(target, read.hn, read.hn, decoder);',
    causes: ['hidden state in both places'],
  },
  {
    exercise: 'seq2seqForward',
    mistake: "The encoder's outputs are returned.",
    find: 'return { y: written.y,',
    put: 'return { y: read.y,',
    causes: ['the encoder’s outputs'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: "The cell's gradient is dropped at the door.",
    find: 'fromDecoder.dh0, fromDecoder.dc0, cache.encoder);',
    put: 'fromDecoder.dh0, unread, cache.encoder);',
    causes: ['gradient of the handed-over cell dropped'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: "The hidden state's gradient is dropped at the door.",
    find: 'fromDecoder.dh0, fromDecoder.dc0, cache.encoder);',
    put: 'unread, fromDecoder.dc0, cache.encoder);',
    causes: ['gradient of the handed-over hidden state dropped'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: "dh0 is given to all of the encoder's outputs.",
    find: 'lstmBackward(zeros(S, B, H), fromDecoder.dh0,',
    put: 'lstmBackward(zeros(S, B, H).add(fromDecoder.dh0), unread,',
    causes: ['door’s gradient at every encoder step'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: "dh0 counts twice: for the encoder's last output and for its final state.",
    find: 'lstmBackward(zeros(S, B, H), fromDecoder.dh0,',
    put: 'lstmBackward(zeros(S, B, H).withSlice([S - 1], fromDecoder.dh0), fromDecoder.dh0,',
    causes: ['door’s gradient counted twice'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: "The decoder's final state is given the last output's gradient once more.",
    find: 'lstmBackward(dy, unread, unread, cache.decoder);',
    put: 'lstmBackward(dy, dy.row(-1), unread, cache.decoder);',
    causes: ['last output counted twice'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: 'The gradients of source and target are exchanged.',
    find: `    dsource: fromEncoder.dx,
    dtarget: fromDecoder.dx,`,
    put: `    dsource: fromDecoder.dx,
    dtarget: fromEncoder.dx,`,
    causes: ['dsource and dtarget exchanged'],
  },
  {
    exercise: 'seq2seqBackward',
    mistake: "The two states' gradients are exchanged at the door.",
    find: 'fromDecoder.dh0, fromDecoder.dc0, cache.encoder);',
    put: 'fromDecoder.dc0, fromDecoder.dh0, cache.encoder);',
    causes: ['gradients exchanged at the door'],
  },
  {
    exercise: 'attend',
    mistake: 'The softmax runs down the columns: queries compete for keys.',
    find: `    const row = scores.data.slice(i * S, (i + 1) * S);
    const top = Math.max(...row);
    const powers = row.map((score) => Math.exp(score - top));
    const sum = powers.reduce((a, b) => a + b, 0);
    for (let j = 0; j < S; j++) {
      const w = powers[j] / sum;`,
    put: `    for (let j = 0; j < S; j++) {
      const column = scores.slice(null, j);
      const powers = column.sub(column.max()).exp();
      const w = powers.at(i) / powers.sum().item();`,
    causes: ['softmax over the queries'],
  },
  {
    exercise: 'attend',
    mistake: 'The largest score is not subtracted: large ones overflow.',
    find: 'row.map((score) => Math.exp(score - top));',
    put: 'row.map((score) => Math.exp(score));',
    causes: [],
  },
  {
    exercise: 'attend',
    mistake: 'The weights are not divided by their sum.',
    find: 'const w = powers[j] / sum;',
    put: 'const w = powers[j];',
    causes: ['exponentials not divided by their sum', 'exponentials not divided, the largest subtracted'],
  },
  {
    exercise: 'attend',
    mistake: 'The best key is chosen instead of weighed.',
    find: 'const w = powers[j] / sum;',
    put: 'const w = row.indexOf(top) === j ? 1 : 0;',
    causes: ['all attention to the best key'],
  },
  {
    exercise: 'attend',
    mistake: 'The softmax runs over all scores together.',
    find: 'const sum = powers.reduce((a, b) => a + b, 0);',
    put: 'const sum = scores.data.reduce((a, b) => a + Math.exp(b - top), 0);',
    causes: ['softmax over all scores'],
  },
  {
    exercise: 'attend',
    mistake: 'The scores themselves are taken for weights.',
    find: 'const w = powers[j] / sum;',
    put: 'const w = row[j];',
    causes: ['scores as weights'],
  },
  {
    exercise: 'attend',
    mistake: 'Values that are too many are not refused.',
    find: 'if (values.shape[0] !== S) throw',
    put: 'if (values.shape[0] < S) throw',
    causes: [],
  },
  {
    exercise: 'attend',
    mistake: 'The average is divided by the number of keys once more.',
    find: 'return { y, weights, cache: { softmax: { y: weights }, weights, values } };',
    put: 'return { y: y.div(S), weights, cache: { softmax: { y: weights }, weights, values } };',
    causes: [],
  },
  {
    exercise: 'attend',
    mistake: "Scores are divided by the square root of the values' width, as in a transformer.",
    find: 'const row = scores.data.slice(i * S, (i + 1) * S);',
    put: 'const row = scores.data.slice(i * S, (i + 1) * S).map((s) => s / Math.sqrt(values.shape[1]));',
    causes: [],
  },
  {
    exercise: 'attendBackward',
    mistake: "The softmax's way back keeps its diagonal only.",
    find: 'dscores: worth.sub(average).mul(weights),',
    put: 'dscores: worth.mul(weights).mul(weights.neg().add(1)),',
    causes: ['softmax with its diagonal only'],
  },
  {
    exercise: 'attendBackward',
    mistake: 'The softmax is forgotten on the way back.',
    find: 'dscores: worth.sub(average).mul(weights),',
    put: 'dscores: worth,',
    causes: ['softmax passed over'],
  },
  {
    exercise: 'attendBackward',
    mistake: "The softmax's slope is taken to be its output.",
    find: 'dscores: worth.sub(average).mul(weights),',
    put: 'dscores: worth.mul(weights),',
    causes: ['mean gradient not subtracted'],
  },
  {
    exercise: 'attendBackward',
    mistake: 'The last factor, the weight itself, is forgotten.',
    find: 'dscores: worth.sub(average).mul(weights),',
    put: 'dscores: worth.sub(average),',
    causes: ['weights not applied in the softmax'],
  },
  {
    exercise: 'attendBackward',
    mistake: 'The average runs over the queries.',
    find: 'worth.mul(weights).sum(1, { keepDims: true });',
    put: 'worth.mul(weights).sum(0, { keepDims: true });',
    causes: ['back through a softmax over the queries'],
  },
  {
    exercise: 'attendBackward',
    mistake: 'The average is taken without the weights.',
    find: 'worth.mul(weights).sum(1, { keepDims: true });',
    put: 'worth.mean(1, { keepDims: true });',
    causes: ['mean gradient not weighted'],
  },
  {
    exercise: 'attendBackward',
    mistake: 'The average runs over everything.',
    find: 'worth.mul(weights).sum(1, { keepDims: true });',
    put: 'worth.mul(weights).sum();',
    causes: ['mean gradient of all queries'],
  },
  {
    exercise: 'attendBackward',
    mistake: "The values' gradient is averaged over the queries.",
    find: 'dvalues: dy.T.matmul(weights).T,',
    put: 'dvalues: dy.T.matmul(weights).T.div(dy.shape[0]),',
    causes: ['gradient of the values averaged over the queries'],
  },
  {
    exercise: 'attendBackward',
    mistake: "The values' gradient lacks the transposition.",
    find: 'dvalues: dy.T.matmul(weights).T,',
    put: 'dvalues: weights.matmul(dy),',
    causes: ['weights not transposed for the values'],
  },
  {
    exercise: 'additiveScores',
    mistake: 'The tanh is left out.',
    find: 'rows.push(K.add(Q.row(i)).tanh());',
    put: 'rows.push(K.add(Q.row(i)));',
    causes: ['tanh left out'],
  },
  {
    exercise: 'additiveScores',
    mistake: 'The hidden units are added up without v.',
    find: '      .matmul(v)',
    put: '      .sum(1)',
    causes: ['v left out'],
  },
  {
    exercise: 'additiveScores',
    mistake: 'A ReLU instead of the tanh.',
    find: 'rows.push(K.add(Q.row(i)).tanh());',
    put: 'rows.push(K.add(Q.row(i)).maximum(0));',
    causes: ['relu for tanh'],
  },
  {
    exercise: 'additiveScores',
    mistake: 'Query and key are multiplied instead of added.',
    find: 'rows.push(K.add(Q.row(i)).tanh());',
    put: 'rows.push(K.mul(Q.row(i)).tanh());',
    causes: ['multiplied instead of added'],
  },
  {
    exercise: 'additiveScores',
    mistake: 'The scores come out with the keys first.',
    find: `      .matmul(v)
      .reshape(T, S),`,
    put: `      .matmul(v)
      .reshape(T, S).T,`,
    causes: ['queries and keys exchanged'],
  },
  {
    exercise: 'additiveScores',
    mistake: 'The mean over the hidden units instead of the sum.',
    find: '      .matmul(v)',
    put: `      .matmul(v)
      .div(A)`,
    causes: ['mean instead of sum'],
  },
  {
    exercise: 'additiveScores',
    mistake: "The parameters' common width is not checked.",
    find: "  if (wQ.shape[0] !== A || wK.shape[0] !== A) throw new ShapeError('additiveScores: wQ, wK and v differ in A');",
    put: '',
    causes: [],
  },
  {
    exercise: 'additiveScores',
    mistake: 'The cache keeps what goes into the tanh.',
    find: `  for (let i = 0; i < T; i++) rows.push(K.add(Q.row(i)).tanh());
  const e = stack(rows);
  return {
    scores: e`,
    put: `  for (let i = 0; i < T; i++) rows.push(K.add(Q.row(i)));
  const e = stack(rows);
  return {
    scores: e
      .tanh()`,
    causes: [],
  },
  {
    exercise: 'additiveScores',
    mistake: 'The tanh stands behind the product with v.',
    find: `  for (let i = 0; i < T; i++) rows.push(K.add(Q.row(i)).tanh());
  const e = stack(rows);
  return {
    scores: e
      .reshape(T * S, A)
      .matmul(v)`,
    put: `  for (let i = 0; i < T; i++) rows.push(K.add(Q.row(i)));
  const e = stack(rows);
  return {
    scores: e
      .reshape(T * S, A)
      .matmul(v)
      .tanh()`,
    causes: ['tanh of the score'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: "The tanh's slope is missing.",
    find: 'const da = ds * parameters.v.data[a] * (1 - eija * eija);',
    put: 'const da = ds * parameters.v.data[a];',
    causes: ['tanh′ missing'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: "The tanh's slope is written without the square.",
    find: 'const da = ds * parameters.v.data[a] * (1 - eija * eija);',
    put: 'const da = ds * parameters.v.data[a] * (1 - eija);',
    causes: ['1 − e for 1 − e²'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'v is forgotten on the way to the hidden units.',
    find: 'const da = ds * parameters.v.data[a] * (1 - eija * eija);',
    put: 'const da = ds * (1 - eija * eija);',
    causes: ['v missing on the way back'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'The gradient of v is that of the last pair.',
    find: 'dv.data[a] += ds * eija;',
    put: 'dv.data[a] = ds * eija;',
    causes: ['gradient of v from the last pair only'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'The gradient of v is averaged over the pairs.',
    find: 'dv.data[a] += ds * eija;',
    put: 'dv.data[a] += (ds * eija) / (T * S);',
    causes: ['gradient of v averaged over the pairs'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'The gradient of v lacks the upstream gradient.',
    find: 'dv.data[a] += ds * eija;',
    put: 'dv.data[a] += eija;',
    causes: ['gradient of v without the upstream'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'The sums over pairs are means.',
    find: `        dQ.data[i * A + a] += da;
        dK.data[j * A + a] += da;`,
    put: `        dQ.data[i * A + a] += da / S;
        dK.data[j * A + a] += da / T;`,
    causes: ['averaged over the pairs'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: "The keys' share is overwritten by each query.",
    find: 'dK.data[j * A + a] += da;',
    put: 'dK.data[j * A + a] = da;',
    causes: ['keys hear the last query only'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'The hidden units are put through the tanh once more for its slope.',
    find: '(1 - eija * eija);',
    put: '(1 - Math.tanh(eija) ** 2);',
    causes: ['tanh′ of a value squashed twice'],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'dwQ is transposed.',
    find: 'parameters: { wQ: dQ.T.matmul(q),',
    put: 'parameters: { wQ: q.T.matmul(dQ),',
    causes: [],
  },
  {
    exercise: 'additiveScoresBackward',
    mistake: 'wQ goes without its transposition on the way to dq.',
    find: 'dq: dQ.matmul(parameters.wQ),',
    put: 'dq: dQ.matmul(parameters.wQ.T),',
    causes: [],
  },
  {
    exercise: 'additiveAttention',
    mistake: 'The keys are averaged instead of the values.',
    find: 'attend(first.scores, values);',
    put: 'attend(first.scores, k);',
    causes: ['keys averaged instead of the values'],
  },
  {
    exercise: 'additiveAttention',
    mistake: 'The scores are divided by the square root of the hidden width.',
    find: 'attend(first.scores, values);',
    put: 'attend(first.scores.div(Math.sqrt(parameters.v.size)), values);',
    causes: [],
  },
  {
    exercise: 'additiveAttention',
    mistake: 'The scores are returned as weights.',
    find: 'return { ...result,',
    put: 'return { ...result, weights: first.scores,',
    causes: ['weights before the softmax returned'],
  },
  {
    exercise: 'additiveAttention',
    mistake: "Values in the keys' place: they are found by the values.",
    find: 'additiveScores(q, k, parameters);',
    put: 'additiveScores(q, values, parameters);',
    causes: ['found by the values'],
  },
  {
    exercise: 'additiveAttentionBackward',
    mistake: 'The weights are treated as constants: only the values learn.',
    find: `export function additiveAttentionBackward(dy: Tensor, cache: AdditiveCache): AdditiveGradients {
  const { dscores, dvalues } = attendBackward(dy, cache.attend);`,
    put: `export function additiveAttentionBackward(dy: Tensor, cache: AdditiveCache): AdditiveGradients {
  const { dscores: used, dvalues } = attendBackward(dy, cache.attend);
  const dscores = used.mul(0);`,
    causes: ['weights taken as constants'],
  },
  {
    exercise: 'additiveAttentionBackward',
    mistake: 'The gradient of the weights is handed to the scores, without the softmax.',
    find: '...additiveScoresBackward(dscores, cache.scores), dvalues };',
    put: '...additiveScoresBackward(dy.matmul(cache.attend.values.T), cache.scores), dvalues };',
    causes: ['softmax passed over'],
  },
  {
    exercise: 'additiveAttentionBackward',
    mistake: "The values' gradient is added to the keys', as if both were the same tensor.",
    find: '  return { ...additiveScoresBackward(dscores, cache.scores), dvalues };',
    put: `  const back = additiveScoresBackward(dscores, cache.scores);
  return { ...back, dk: back.dk.add(dvalues), dvalues };`,
    causes: ['gradient of the values added to the keys’'],
  },
  {
    exercise: 'additiveAttentionBackward',
    mistake:
      "The scores' own way back is given the softmaxed weights' product with dscores: the weights are multiplied in twice.",
    find: '...additiveScoresBackward(dscores, cache.scores), dvalues };',
    put: '...additiveScoresBackward(dscores.mul(cache.attend.weights), cache.scores), dvalues };',
    causes: [],
  },
  {
    exercise: 'dotAttention',
    mistake: 'The scores are divided by √d.',
    find: 'attend(scores, values);',
    put: 'attend(scores.div(Math.sqrt(q.shape[1])), values);',
    causes: ['divided by √d'],
  },
  {
    exercise: 'dotAttention',
    mistake: 'The keys are averaged.',
    find: 'attend(scores, values);',
    put: 'attend(scores, k);',
    causes: ['keys averaged instead of the values'],
  },
  {
    exercise: 'dotAttention',
    mistake: 'Keys are compared with queries, not queries with keys: the scores are transposed.',
    find: 'const { y, weights, cache } = attend(scores, values);',
    put: 'const { y, weights, cache } = attend(scores.T, values);',
    causes: ['keys ask the queries'],
  },
  {
    exercise: 'dotAttention',
    mistake: 'The scores are cosines.',
    find: 'q.row(i).dot(k.row(j));',
    put: 'q.row(i).dot(k.row(j)) / (q.row(i).norm() * k.row(j).norm());',
    causes: ['cosine instead of the product'],
  },
  {
    exercise: 'dotAttention',
    mistake: 'The values are found by themselves.',
    find: 'scores.data[i * k.shape[0] + j] = q.row(i).dot(k.row(j));',
    put: 'scores.data[i * k.shape[0] + j] = q.row(i).dot(values.row(j));',
    causes: ['found by the values'],
  },
  {
    exercise: 'dotAttention',
    mistake: "The cache keeps queries and keys under each other's names.",
    find: 'cache: { q, k, attend: cache } };',
    put: 'cache: { q: k, k: q, attend: cache } };',
    causes: [],
  },
  {
    exercise: 'dotAttentionBackward',
    mistake: 'dk without the transposition.',
    find: 'const dk = q.T.matmul(dscores).T;',
    put: 'const dk = dscores.matmul(q);',
    causes: ['dscores not transposed for the keys'],
  },
  {
    exercise: 'dotAttentionBackward',
    mistake: 'dq and dk are exchanged.',
    find: 'return { dq, dk, dvalues };',
    put: 'return { dq: dk, dk: dq, dvalues };',
    causes: ['dq and dk exchanged'],
  },
  {
    exercise: 'dotAttentionBackward',
    mistake: 'The scores are treated as scaled on the way back, though they were not.',
    find: `  const { q, k } = cache;
  const { dscores, dvalues } = attendBackward(dy, cache.attend);`,
    put: `  const { q, k } = cache;
  const { dscores: raw, dvalues } = attendBackward(dy, cache.attend);
  const dscores = raw.div(Math.sqrt(cache.q.shape[1]));`,
    causes: ['divided by √d on the way back'],
  },
  {
    exercise: 'dotAttentionBackward',
    mistake: 'The weights are treated as constants.',
    find: 'return { dq, dk, dvalues };',
    put: 'return { dq: dq.mul(0), dk: dk.mul(0), dvalues };',
    causes: ['weights taken as constants'],
  },
  {
    exercise: 'dotAttentionBackward',
    mistake: 'The softmax is left out on the way back.',
    find: `  const { q, k } = cache;
  const { dscores, dvalues } = attendBackward(dy, cache.attend);`,
    put: `  const { q, k } = cache;
  const { dvalues } = attendBackward(dy, cache.attend);
  const dscores = dy.matmul(cache.attend.values.T);`,
    causes: ['softmax passed over'],
  },
  {
    exercise: 'dotAttentionBackward',
    mistake: 'dq takes the queries, dk the keys.',
    find: `  const dq = stack(Array.from({ length: q.shape[0] }, (_, i) => dscores.row(i).matmul(k)));
  const dk = q.T.matmul(dscores).T;`,
    put: `  const dq = stack(Array.from({ length: q.shape[0] }, (_, i) => dscores.row(i).matmul(q)));
  const dk = k.T.matmul(dscores).T;`,
    causes: ['queries and keys exchanged'],
  },
];
