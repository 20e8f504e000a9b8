import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'sequenceLoss',
    mistake: 'Divided by T · B: padding counts in the mean.',
    find: 'const n = places.length;',
    put: 'const n = places.length && T * B;',
    causes: ['mean over padded places'],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'The sum over the places, not the mean.',
    find: 'const n = places.length;',
    put: 'const n = Math.min(1, places.length);',
    causes: ['sum over the places'],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'The padding is left out of the loss, but its gradient is softmax/n.',
    find: `  return { loss, dlogits: new Tensor([T, B, V], data) };`,
    put: `  targets.flat().forEach((target, i) => {
    if (target >= 0) return;
    const row = logits.data.subarray(i * V, (i + 1) * V);
    row.forEach((z, v) => (data[i * V + v] = Math.exp(z - logSumExp(row)) / n));
  });
  return { loss, dlogits: new Tensor([T, B, V], data) };`,
    causes: ['gradient at padded places'],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'The gradient is not divided by the number of places.',
    find: `data[at + v] = Math.exp(z - norm) / n;
    });
    data[at + target] -= 1 / n;`,
    put: `data[at + v] = Math.exp(z - norm);
    });
    data[at + target] -= 1;`,
    causes: ['gradient not divided'],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'The one-hot target is not subtracted: the gradient is the softmax.',
    find: '    data[at + target] -= 1 / n;\n',
    put: '',
    causes: ['softmax without the one-hot'],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'The sign of the loss is missing.',
    find: 'loss += (norm - row[target]) / n;',
    put: 'loss -= (norm - row[target]) / n;',
    causes: [],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'The probability itself is averaged, not its logarithm.',
    find: 'loss += (norm - row[target]) / n;',
    put: 'loss += (1 - Math.exp(row[target] - norm)) / n;',
    causes: [],
  },
  {
    exercise: 'sequenceLoss',
    mistake: 'Token 0 is taken for padding too.',
    find: 'if (target !== PADDING) places',
    put: 'if (target > 0) places',
    causes: ['token 0 taken for padding'],
  },
  {
    exercise: 'perplexity',
    mistake: 'The plain mean of the losses: every batch counts the same.',
    find: 'sum + (counts[i] / tokens) * loss',
    put: 'sum + loss / losses.length',
    causes: ['mean of the means'],
  },
  {
    exercise: 'perplexity',
    mistake: '2 to the loss, though it is in nats.',
    find: 'return Math.exp(mean);',
    put: 'return 2 ** mean;',
    causes: ['two to the power of nats'],
  },
  {
    exercise: 'perplexity',
    mistake: 'The weighted sum is not divided by the number of tokens.',
    find: 'sum + (counts[i] / tokens) * loss',
    put: 'sum + counts[i] * loss',
    causes: ['of a sum'],
  },
  {
    exercise: 'perplexity',
    mistake: 'The perplexities of the batches are averaged, not their losses.',
    find: `sum + (counts[i] / tokens) * loss, 0);
  return Math.exp(mean);`,
    put: `sum + (counts[i] / tokens) * Math.exp(loss), 0);
  return mean;`,
    causes: ['mean of the perplexities'],
  },
  {
    exercise: 'perplexity',
    mistake: 'The weighted sum is divided by the number of batches.',
    find: 'sum + (counts[i] / tokens) * loss',
    put: 'sum + (counts[i] / losses.length) * loss',
    causes: ['divided by the number of batches'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'Multiplied by the temperature.',
    find: 'Math.exp((z - top) / temperature)',
    put: 'Math.exp((z - top) * temperature)',
    causes: ['multiplied'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'The temperature divides the probabilities, after the softmax.',
    find: `Math.exp((z - top) / temperature));
  const total`,
    put: `Math.exp(z - top) / temperature);
  const total`,
    causes: ['temperature ignored unless it is 0'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'The temperature is not used.',
    find: 'Math.exp((z - top) / temperature)',
    put: 'Math.exp(z - top)',
    causes: ['temperature ignored unless it is 0'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'At temperature 0 all the largest logits share.',
    find: 'v === best ? 1 : 0',
    put: 'logits.data[v] === logits.data[best] ? 1 / logits.data.filter((z) => z === logits.data[best]).length : 0',
    causes: ['temperature 0 shared among equals'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'The largest logit is not subtracted: large ones overflow.',
    find: 'Math.exp((z - top) / temperature)',
    put: 'Math.exp(z / temperature)',
    causes: ['largest logit not subtracted'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'Temperature 0 counts as nothing given, that is as 1.',
    find: `  if (temperature === 0) {`,
    put: `  temperature ||= 1;
  if (temperature === 0) {`,
    causes: ['temperature 0 taken as 1'],
  },
  {
    exercise: 'softmaxWithTemperature',
    mistake: 'Temperature 0 is not treated apart: it divides by zero.',
    find: 'if (temperature === 0) {',
    put: 'if (temperature < 0) {',
    causes: ['temperature 0 divides by zero'],
  },
  {
    exercise: 'topKFilter',
    mistake: 'All equals of the k-th largest stay.',
    find: 'if (z[w] > value || (z[w] === value && w < v)) better += 1;',
    put: 'if (z[w] > value) better += 1;',
    causes: ['all equal ones kept'],
  },
  {
    exercise: 'topKFilter',
    mistake: 'Of equal logits the last one is kept.',
    find: '(z[w] === value && w < v)',
    put: '(z[w] === value && w > v)',
    causes: ['the later of equal ones'],
  },
  {
    exercise: 'topKFilter',
    mistake: 'A zero in place of −Infinity.',
    find: 'return better < k ? value : -Infinity;',
    put: 'return better < k ? value : 0;',
    causes: ['zero in place of −Infinity'],
  },
  {
    exercise: 'topKFilter',
    mistake: 'The k smallest are kept.',
    find: 'if (z[w] > value ||',
    put: 'if (z[w] < value ||',
    causes: ['the smallest kept'],
  },
  {
    exercise: 'topKFilter',
    mistake: 'One too many is kept.',
    find: 'return better < k ?',
    put: 'return better <= k ?',
    causes: ['one too many'],
  },
  {
    exercise: 'topKFilter',
    mistake: 'It sorts words: 10 before 9.',
    find: `  return logits.map((value, v) => {
    let better = 0;`,
    put: `  const threshold = Array.from(z)
    .map(String)
    .sort()
    .reverse()
    .map(Number)[Math.min(k, z.length) - 1];
  return logits.map((value, v) => {
    if (z.length > 0) return value >= threshold ? value : -Infinity;
    let better = 0;`,
    causes: ['words sorted, and all equal ones kept', 'numbers sorted as words'],
  },
  {
    exercise: 'sampleIndex',
    mistake: 'Greater or equal: with u = 0 a token of probability 0 is drawn.',
    find: 'if (left < share) return v;',
    put: 'if (left <= share) return v;',
    causes: ['greater or equal'],
  },
  {
    exercise: 'sampleIndex',
    mistake: 'The most probable token, whatever u is.',
    find: 'let left = u;',
    put: 'if (p.size > 0) return p.argmax().item();\n  let left = u;',
    causes: ['always the most likely'],
  },
  {
    exercise: 'sampleIndex',
    mistake: 'u is compared with each probability by itself; nothing is added up.',
    find: '    left -= share;\n',
    put: '',
    causes: ['no cumulative sum'],
  },
  {
    exercise: 'sampleIndex',
    mistake: 'Where rounding leaves something over, the last token is drawn, of probability 0 or not.',
    find: 'if (share > 0) last = v;',
    put: 'last = v;',
    causes: ['the last token where the sum falls short'],
  },
  {
    exercise: 'sampleIndex',
    mistake: 'The token after the one that was hit.',
    find: 'if (left < share) return v;',
    put: 'if (left < share) return Math.min(v + 1, p.size - 1);',
    causes: ['one token late', 'one too far'],
  },
  {
    exercise: 'generate',
    mistake: 'The state begins anew at each token.',
    find: 'return { token: next, state: h };',
    put: 'return { token: next, state: h0 };',
    causes: ['state not carried'],
  },
  {
    exercise: 'generate',
    mistake: 'The first token is read again and again.',
    find: 'return { token: next, state: h };',
    put: 'return { token: first, state: h };',
    causes: ['never reads what it writes'],
  },
  {
    exercise: 'generate',
    mistake: 'The first token is part of the result.',
    find: '  return text;',
    put: '  return [first, ...text];',
    causes: ['first token in front of the result'],
  },
  {
    exercise: 'generate',
    mistake: 'The filter is left out: it draws from all tokens.',
    find: 'softmaxWithTemperature(topKFilter(logits, k), temperature)',
    put: 'softmaxWithTemperature(logits, temperature)',
    causes: ['k ignored'],
  },
  {
    exercise: 'generate',
    mistake: 'Softmax first and the filter afterwards.',
    find: 'sampleIndex(softmaxWithTemperature(topKFilter(logits, k), temperature), u)',
    put: 'sampleIndex(topKFilter(softmaxWithTemperature(logits, temperature), k).maximum(0), u)',
    causes: ['filter after the softmax'],
  },
  {
    exercise: 'generate',
    mistake: 'The bias of the logits is forgotten.',
    find: 'wOut.matmul(h.flatten()).add(bOut)',
    put: 'wOut.matmul(h.flatten())',
    causes: ['output bias forgotten'],
  },
  {
    exercise: 'generate',
    mistake: 'The temperature is not handed on.',
    find: 'topKFilter(logits, k), temperature)',
    put: 'topKFilter(logits, k), 1)',
    causes: ['temperature ignored'],
  },
  {
    exercise: 'languageModelStep',
    mistake: 'The bias of the logits is forgotten.',
    find: 'recurrent.y.matmul(model.wOut.T).add(model.bOut);',
    put: 'recurrent.y.matmul(model.wOut.T);',
    causes: ['output bias forgotten'],
  },
  {
    exercise: 'languageModelStep',
    mistake: 'The gradient of wOut is that of the last time only: = for +=.',
    find: 'dwOut = dwOut.add(dlogits.slice(t).T.matmul(recurrent.y.slice(t)));',
    put: 'dwOut = dlogits.slice(t).T.matmul(recurrent.y.slice(t));',
    causes: ['output weights of the last time only'],
  },
  {
    exercise: 'languageModelStep',
    mistake: 'A gradient is handed in for hn too: that of the last output, a second time.',
    find: 'zerosLike(recurrent.hn), recurrent.cache);',
    put: 'dlogits.slice(-1).matmul(model.wOut), recurrent.cache);',
    causes: ['last output counted twice'],
  },
  {
    exercise: 'languageModelStep',
    mistake: 'The gradient of bOut is the mean over the batch and the sum over the time.',
    find: 'bOut: dlogits.sum([0, 1]),',
    put: 'bOut: dlogits.mean(1).sum(0),',
    causes: [],
  },
  {
    exercise: 'languageModelStep',
    mistake: 'hn is the state in which the window began.',
    find: '    hn: recurrent.hn,',
    put: '    hn: h0,',
    causes: [],
  },
  {
    exercise: 'languageModelStep',
    mistake: 'The embedding is left out of the way back: its gradient is zeros.',
    find: 'table: embeddingBackward(back.dx, embedded.cache),',
    put: 'table: zerosLike(model.table),',
    causes: [],
  },
  {
    exercise: 'truncatedBackpropagation',
    mistake: 'Every window starts from h0.',
    find: 'results.at(-1)?.hn ?? h0',
    put: 'h0',
    causes: ['state reset to h0'],
  },
  {
    exercise: 'truncatedBackpropagation',
    mistake: 'The last, shorter window is left out.',
    find: 'Math.ceil(tokens.length / length)',
    put: 'Math.floor(tokens.length / length)',
    causes: ['short last window dropped'],
  },
  {
    exercise: 'truncatedBackpropagation',
    mistake: 'The windows overlap: each begins one further than the one before.',
    find: 'const [from, to] = [i * length, (i + 1) * length];',
    put: 'const [from, to] = [i, i + length];',
    causes: ['windows that move on by one'],
  },
  {
    exercise: 'truncatedBackpropagation',
    mistake: 'The targets of a window are taken one further than its tokens.',
    find: 'targets.slice(from, to)',
    put: 'targets.slice(from + 1, to + 1)',
    causes: [],
  },
  {
    exercise: 'truncatedBackpropagation',
    mistake: 'Each window is given from the beginning of the text.',
    find: 'languageModelStep(tokens.slice(from, to), targets.slice(from, to), start, model)',
    put: 'languageModelStep(tokens.slice(0, to), targets.slice(0, to), h0, model)',
    causes: ['windows from the beginning of the text'],
  },
];
