/** Wrong answers of scaled dot-product attention. */
import type { WrongAnswer } from '../wrong-answer.ts';

const softmaxStart = `  const S = scores.shape[scores.rank - 1];
  const weights = new Float64Array(scores.size);`;

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'causalMask',
    mistake: 'Query i sees the keys up to i, also when there are more keys than queries.',
    find: `const last = S - T + i;`,
    put: `const last = i;`,
    causes: ['aligned at the first query'],
  },
  {
    exercise: 'causalMask',
    mistake: 'Nobody sees himself.',
    find: `const last = S - T + i;`,
    put: `const last = S - T + i - 1;`,
    causes: ['nobody sees itself'],
  },
  {
    exercise: 'causalMask',
    mistake: 'Everybody sees one key too many: j ≤ i + S − T + 1.',
    find: `const last = S - T + i;`,
    put: `const last = S - T + i + 1;`,
    causes: ['one key ahead'],
  },
  {
    exercise: 'causalMask',
    mistake: 'The shift has the wrong sign: i + T − S.',
    find: `const last = S - T + i;`,
    put: `const last = T - S + i;`,
    causes: ['shifted the wrong way'],
  },
  {
    exercise: 'causalMask',
    mistake: 'The other triangle: everybody sees himself and what comes later.',
    find: `for (let j = 0; j < S && j <= last; j++) mask.data[i * S + j] = 1;`,
    put: `for (let j = Math.max(0, last); j < S; j++) mask.data[i * S + j] = 1;`,
    causes: ['the future instead of the past'],
  },
  {
    exercise: 'causalMask',
    mistake: 'Polarity: 1 where looking is forbidden.',
    find: `for (let j = 0; j < S && j <= last; j++) mask.data[i * S + j] = 1;`,
    put: `for (let j = 0; j < S; j++) mask.data[i * S + j] = j <= last ? 0 : 1;`,
    causes: ['allowed and forbidden exchanged'],
  },
  {
    exercise: 'causalMask',
    mistake: 'A mask to be added: 0 where looking is allowed, −Infinity where it is not.',
    find: `for (let j = 0; j < S && j <= last; j++) mask.data[i * S + j] = 1;`,
    put: `for (let j = 0; j < S; j++) mask.data[i * S + j] = j <= last ? 0 : -Infinity;`,
    causes: ['to be added to the scores'],
  },
  {
    exercise: 'paddingMask',
    mistake: 'The key behind the last one is allowed too: j ≤ length.',
    find: `(j < length ? 1 : 0)`,
    put: `(j <= length ? 1 : 0)`,
    causes: ['one key too many'],
  },
  {
    exercise: 'paddingMask',
    mistake: '1 where there is padding.',
    find: `(j < length ? 1 : 0)`,
    put: `(j < length ? 0 : 1)`,
    causes: ['padding allowed, text forbidden'],
  },
  {
    exercise: 'paddingMask',
    mistake: 'The middle axis is missing: (B, S).',
    find: `return [Array.from({ length: S }, (_, j) => (j < length ? 1 : 0))];
  });
  return S === 0 || rows.length === 0 ? zeros(rows.length, 1, S)`,
    put: `return Array.from({ length: S }, (_, j) => (j < length ? 1 : 0));
  });
  return S === 0 || rows.length === 0 ? zeros(rows.length, S)`,
    causes: ['no axis for the queries'],
  },
  {
    exercise: 'paddingMask',
    mistake: 'The filling is thought to stand in front.',
    find: `(j < length ? 1 : 0)`,
    put: `(j >= S - length ? 1 : 0)`,
    causes: ['padding on the left'],
  },
  {
    exercise: 'paddingMask',
    mistake: 'No length is refused.',
    find: `    if (!Number.isInteger(length) || length < 0 || length > S) throw new RangeError(\`length \${length}, keys \${S}\`);\n`,
    put: ``,
    causes: [],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'The mask is multiplied into the scores, so that a forbidden one is e⁰.',
    find: softmaxStart,
    put: `  if (allowed) {
    const masked = scores.mul(mask);
    const e = masked.sub(masked.max(-1, { keepDims: true })).exp();
    return e.div(e.sum(-1, { keepDims: true }));
  }
${softmaxStart}`,
    causes: ['mask multiplied into the scores'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'No maximum is subtracted.',
    find: `Math.exp(scores.data[j] - largest)`,
    put: `Math.exp(scores.data[j])`,
    causes: ['largest score not taken out', 'largest allowed score not taken out'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'The maximum is taken over all scores, also over those that are not allowed.',
    find: `if (allowed[j] && scores.data[j] > largest)`,
    put: `if (scores.data[j] > largest)`,
    causes: ['largest score taken from the forbidden too'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'First the softmax over everything, then the mask; the rows no longer sum to 1.',
    find: softmaxStart,
    put: `  if (allowed) {
    const e = scores.sub(scores.max(-1, { keepDims: true })).exp();
    return e.div(e.sum(-1, { keepDims: true })).mul(mask);
  }
${softmaxStart}`,
    causes: ['mask after the softmax'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'Forbidden scores are set to −10⁹, so a row in which nothing is allowed gets equal weights.',
    find: softmaxStart,
    put: `  if (allowed) {
    const masked = scores.map((score, at) => (allowed[at] ? score : -1e9));
    const e = masked.sub(masked.max(-1, { keepDims: true })).exp();
    return e.div(e.sum(-1, { keepDims: true }));
  }
${softmaxStart}`,
    causes: ['evenly spread where nothing is allowed'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'Forbidden scores are set to −1000, which a score of −1000 does not notice.',
    find: softmaxStart,
    put: `  if (allowed) {
    const masked = scores.map((score, at) => (allowed[at] ? score : -1000));
    const e = masked.sub(masked.max(-1, { keepDims: true })).exp();
    const total = e.mul(mask).sum(-1, { keepDims: true });
    return e.mul(mask).div(total.map((x) => (x === 0 ? 1 : x)));
  }
${softmaxStart}`,
    causes: [],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'A row in which nothing is allowed is divided by 0.',
    find: `    if (total === 0) continue;\n`,
    put: ``,
    causes: ['nothing divided by nothing'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'Forbidden scores are −Infinity and the maximum of a row without allowed ones is −Infinity too: NaN.',
    find: softmaxStart,
    put: `  if (allowed) {
    const masked = scores.map((score, at) => (allowed[at] ? score : -Infinity));
    const e = masked.sub(masked.max(-1, { keepDims: true })).exp();
    return e.div(e.sum(-1, { keepDims: true }));
  }
${softmaxStart}`,
    causes: ['nothing divided by nothing'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'The softmax runs along the queries, down the columns.',
    find: softmaxStart,
    put: `  if (allowed && scores.rank > 1) {
    const masked = scores.map((score, at) => (allowed[at] ? score : -Infinity));
    const top = masked.max(-2, { keepDims: true }).map((most) => (most === -Infinity ? 0 : most));
    const e = masked.sub(top).exp();
    return e.div(e.sum(-2, { keepDims: true }).map((sum) => (sum === 0 ? 1 : sum)));
  }
${softmaxStart}`,
    causes: ['softmax over the queries'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'The mask is read the other way: 1 forbids.',
    find: `const allowed = mask.broadcastTo(scores.shape).data;`,
    put: `const allowed = mask.broadcastTo(scores.shape).map((one) => 1 - one).data;`,
    causes: ['allowed and forbidden exchanged'],
  },
  {
    exercise: 'maskedSoftmax',
    mistake: 'A mask larger than the scores stretches them.',
    find: `  const allowed = mask.broadcastTo(scores.shape).data;`,
    put: `  scores = scores.add(mask.mul(0));
  const allowed = mask.broadcastTo(scores.shape).data;`,
    causes: [],
  },
  {
    exercise: 'attentionForward',
    mistake: 'Nothing is divided by the root of d_k.',
    find: `const narrowed = q.mul(axis(q, 1) ** -0.5);`,
    put: `const narrowed = q;`,
    causes: ['scores not scaled'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'Divided by d_k instead of its root.',
    find: `const narrowed = q.mul(axis(q, 1) ** -0.5);`,
    put: `const narrowed = q.div(axis(q, 1));`,
    causes: ['scaled by d instead of √d'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'Multiplied by the root of d_k.',
    find: `const narrowed = q.mul(axis(q, 1) ** -0.5);`,
    put: `const narrowed = q.mul(axis(q, 1) ** 0.5);`,
    causes: ['multiplied by √d'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'd_k is read at shape[1], which is right for a matrix only.',
    find: `const narrowed = q.mul(axis(q, 1) ** -0.5);`,
    put: `const narrowed = q.div(Math.sqrt(q.shape[1]));`,
    causes: ['width read from the second axis'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The root is of the number of keys.',
    find: `const narrowed = q.mul(axis(q, 1) ** -0.5);`,
    put: `const narrowed = q.div(Math.sqrt(axis(k, 2)));`,
    causes: ['scaled by the number of keys'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The root is of the width of the values.',
    find: `const narrowed = q.mul(axis(q, 1) ** -0.5);`,
    put: `const narrowed = q.div(Math.sqrt(axis(v, 1)));`,
    causes: ['scaled by the width of the values'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The mask is not handed on.',
    find: `maskedSoftmax(narrowed.matmul(k.T), mask);`,
    put: `maskedSoftmax(narrowed.matmul(k.T), ones(1, 1));`,
    causes: ['mask ignored'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The scale comes behind the softmax.',
    find: `  const narrowed = q.mul(axis(q, 1) ** -0.5);
  const weights = maskedSoftmax(narrowed.matmul(k.T), mask);`,
    put: `  const weights = maskedSoftmax(q.matmul(k.T), mask).div(Math.sqrt(axis(q, 1)));`,
    causes: ['scaled after the softmax'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The scores are shown as weights.',
    find: `return { y: weights.matmul(v), weights, cache: { q, k, v, weights } };`,
    put: `return { y: weights.matmul(v), weights: narrowed.matmul(k.T), cache: { q, k, v, weights } };`,
    causes: ['scores returned as weights'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The keys are averaged in place of the values.',
    find: `return { y: weights.matmul(v), weights, cache`,
    put: `return { y: weights.matmul(axis(k, 1) === axis(v, 1) ? k : v), weights, cache`,
    causes: ['keys averaged instead of values'],
  },
  {
    exercise: 'attentionForward',
    mistake: 'The softmax runs over the queries of each key.',
    find: `const weights = maskedSoftmax(narrowed.matmul(k.T), mask);`,
    put: `const grid = narrowed.matmul(k.T);
  const weights = maskedSoftmax(grid.T, mask.broadcastTo(grid.shape).T).T;`,
    causes: ['softmax over the queries'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'The root of d_k is forgotten on the way back.',
    find: `.div(Math.sqrt(axis(q, 1)));`,
    put: `;`,
    causes: ['scale missing on the way back'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'dq is scaled, dk is not.',
    find: `const dk = q.T.matmul(dscores).T;`,
    put: `const dk = q.T.matmul(dscores).T.mul(Math.sqrt(axis(q, 1)));`,
    causes: ['scale missing in the gradient of k'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'dk is scaled, dq is not.',
    find: `const dq = dscores.matmul(k);`,
    put: `const dq = dscores.matmul(k).mul(Math.sqrt(axis(q, 1)));`,
    causes: ['scale missing in the gradient of q'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'Divided by d_k, not by its root.',
    find: `.div(Math.sqrt(axis(q, 1)));`,
    put: `.div(axis(q, 1));`,
    causes: ['scaled twice'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'The softmax has the derivative w (1 − w), entry by entry.',
    find: `const dscores = shared.sub(weights.mul(rowSums))`,
    put: `const dscores = shared.sub(shared.mul(weights))`,
    causes: ['softmax with its diagonal only'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'Nothing is taken back through the softmax: the gradient of the weights is used as that of the scores.',
    find: `const dscores = shared.sub(weights.mul(rowSums))`,
    put: `const dscores = dweights`,
    causes: ['softmax passed over'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'The sum within the softmax runs over the dweights without their weights.',
    find: `const rowSums = shared.matmul(ones(axis(weights, 1), 1));`,
    put: `const rowSums = dweights.matmul(ones(axis(weights, 1), 1));`,
    causes: ['softmax with its sum not weighted'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'dv is made with the gradient of the scores instead of the weights.',
    find: `const dv = dy.T.matmul(weights).T;`,
    put: `const dv = dy.T.matmul(dscores).T;`,
    causes: ['gradient of the values from that of the scaled scores'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'dv is a mean over the queries.',
    find: `const dv = dy.T.matmul(weights).T;`,
    put: `const dv = dy.T.matmul(weights).T.div(axis(q, 2));`,
    causes: ['gradient of the values averaged over the queries'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'The weights are not transposed for dv.',
    find: `const dv = dy.T.matmul(weights).T;`,
    put: `const dv = weights.matmul(dy);`,
    causes: ['weights not transposed'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'dscores is not transposed for dk.',
    find: `const dk = q.T.matmul(dscores).T;`,
    put: `const dk = dscores.matmul(q);`,
    causes: ['gradient of the scores not transposed'],
  },
  {
    exercise: 'attentionBackward',
    mistake: 'dq and dk are made with each other’s partner: dq with q, dk with k.',
    find: `  const dq = dscores.matmul(k);
  const dk = q.T.matmul(dscores).T;`,
    put: `  const dq = dscores.matmul(q);
  const dk = k.T.matmul(dscores).T;`,
    causes: ['each with itself'],
  },
];
