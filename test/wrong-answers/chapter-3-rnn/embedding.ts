import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'oneHotEncode',
    mistake: 'Tokens are counted from 1: the 1 stands one column too far to the left, and token 0 has none.',
    find: 'data[n * classes + token] = 1;',
    put: 'if (token > 0) data[n * classes + token - 1] = 1;',
    causes: ['columns counted from 1'],
  },
  {
    exercise: 'oneHotEncode',
    mistake: 'Token 0 is taken for no token: `if (token)`.',
    find: 'data[n * classes + token] = 1;',
    put: 'if (token) data[n * classes + token] = 1;',
    causes: ['token 0 taken for none'],
  },
  {
    exercise: 'oneHotEncode',
    mistake: 'A batch comes back as one long list of rows.',
    find: 'return new Tensor([...t.shape, classes], data);',
    put: 'return new Tensor([t.size, classes], data);',
    causes: ['time and batch run together'],
  },
  {
    exercise: 'oneHotEncode',
    mistake: 'The axis of the classes stands in front.',
    find: 'return new Tensor([...t.shape, classes], data);',
    put: 'return new Tensor([t.size, classes], data).T.reshape(classes, ...t.shape);',
    causes: ['vocabulary in front'],
  },
  {
    exercise: 'embeddingForward',
    mistake: 'A column of the table instead of a row.',
    find: 'table.data[t.data[n] * E + e]',
    put: 'table.data[e * E + t.data[n]]',
    causes: ['columns for rows, read from the data'],
  },
  {
    exercise: 'embeddingForward',
    mistake: 'A batch comes back as one long list of vectors.',
    find: 'y: new Tensor([...t.shape, E], data)',
    put: 'y: new Tensor([t.size, E], data)',
    causes: ['time and batch run together'],
  },
  {
    exercise: 'embeddingForward',
    mistake: 'The rows are taken in the order of the text, not by token.',
    find: 'table.data[t.data[n] * E + e]',
    put: 'table.data[(n % V) * E + e]',
    causes: [],
  },
  {
    exercise: 'embeddingForward',
    mistake: 'Tokens are counted from 1.',
    find: 'table.data[t.data[n] * E + e]',
    put: 'table.data[Math.max(0, t.data[n] - 1) * E + e]',
    causes: ['rows counted from 1, but for the first'],
  },
  {
    exercise: 'embeddingForward',
    mistake: 'A token beyond the table is not refused.',
    find: 'const t = checked(tokens, V);',
    put: 'const t = tensor(tokens);',
    causes: [],
  },
  {
    exercise: 'embeddingForward',
    mistake: 'The cache remembers the width of the table in place of its number of rows.',
    find: 'vocabulary: V }',
    put: 'vocabulary: E }',
    causes: [],
  },
  {
    exercise: 'embeddingBackward',
    mistake: 'Assigned, not added: of a token that came twice only the last place counts.',
    find: `  const hot = oneHot(tokens.flatten(), vocabulary);
  return hot.T.matmul(dy.reshape(tokens.size, E));`,
    put: `  const data = new Float64Array(vocabulary * E);
  tokens.data.forEach((token, n) => data.set(dy.data.subarray(n * E, (n + 1) * E), token * E));
  return new Tensor([vocabulary, E], data);`,
    causes: ['last repeat wins'],
  },
  {
    exercise: 'embeddingBackward',
    mistake: 'The mean over the places of a token, not the sum.',
    find: 'return hot.T.matmul(dy.reshape(tokens.size, E));',
    put: `const often = hot.sum(0).maximum(1).expandDims(1);
  return hot.T.matmul(dy.reshape(tokens.size, E)).div(often);`,
    causes: ['mean over the repeats'],
  },
  {
    exercise: 'embeddingBackward',
    mistake: 'Row n of dy is added to row n of the table, in the order of the text.',
    find: 'const hot = oneHot(tokens.flatten(), vocabulary);',
    put: 'const hot = oneHot(Array.from(tokens.data, (_, n) => n % vocabulary), vocabulary);',
    causes: ['gradients in the order of the text, and from the top again'],
  },
  {
    exercise: 'embeddingBackward',
    mistake: 'Divided by the number of places, as if the loss were not a mean already.',
    find: 'return hot.T.matmul(dy.reshape(tokens.size, E));',
    put: 'return hot.T.matmul(dy.reshape(tokens.size, E)).div(tokens.size);',
    causes: [],
  },
  {
    exercise: 'embeddingBackward',
    mistake: 'The first place of a token wins, later ones are left out.',
    find: `  const hot = oneHot(tokens.flatten(), vocabulary);
  return hot.T`,
    put: `  const seen = new Set<number>();
  const first = tokens.data.map((token) => Number(!seen.has(token) && Boolean(seen.add(token))));
  const hot = oneHot(tokens.flatten(), vocabulary).mul(new Tensor([tokens.size, 1], first));
  return hot.T`,
    causes: ['first repeat wins'],
  },
  {
    exercise: 'embeddingBackward',
    mistake: 'Only the rows of the tokens that came are returned.',
    find: 'return hot.T.matmul(dy.reshape(tokens.size, E));',
    put: `const came = [...new Set(tokens.data)].sort((a, b) => a - b);
  return hot.T.matmul(dy.reshape(tokens.size, E)).take(0, came);`,
    causes: ['only the rows that were used'],
  },
];
