/**
 * Chapter 3, topic 1: from symbols to vectors.
 *
 * Style: flat Float64Arrays going forward, a matrix product with one-hot rows coming back.
 */
import { ShapeError, Tensor, oneHot, showShape, tensor } from '#tensor';

export type Tokens = number[] | number[][];

export interface EmbeddingCache {
  tokens: Tensor;
  vocabulary: number;
}

function checked(tokens: Tokens, classes: number): Tensor {
  const t = tensor(tokens);
  t.data.forEach((token) => {
    if (!Number.isInteger(token) || token < 0 || token >= classes)
      throw new RangeError(`${token} is no token of a vocabulary of ${classes}`);
  });
  return t;
}

export function oneHotEncode(tokens: Tokens, classes: number): Tensor {
  const t = checked(tokens, classes);
  const data = new Float64Array(t.size * classes);
  t.data.forEach((token, n) => {
    data[n * classes + token] = 1;
  });
  return new Tensor([...t.shape, classes], data);
}

export function embeddingForward(table: Tensor, tokens: Tokens): { y: Tensor; cache: EmbeddingCache } {
  if (table.rank !== 2) throw new ShapeError(`embeddingForward: a table is a matrix, not ${showShape(table.shape)}`);
  const [V, E] = table.shape;
  const t = checked(tokens, V);
  const data = new Float64Array(t.size * E);
  for (let n = 0; n < t.size; n++) {
    for (let e = 0; e < E; e++) data[n * E + e] = table.data[t.data[n] * E + e];
  }
  return { y: new Tensor([...t.shape, E], data), cache: { tokens: t, vocabulary: V } };
}

export function embeddingBackward(dy: Tensor, cache: EmbeddingCache): Tensor {
  const { tokens, vocabulary } = cache;
  const front = dy.shape.slice(0, -1);
  if (dy.rank !== tokens.rank + 1 || front.some((n, i) => n !== tokens.shape[i]))
    throw new ShapeError(`embeddingBackward: dy is ${showShape(dy.shape)} for tokens ${showShape(tokens.shape)}`);
  const E = dy.shape[dy.rank - 1];
  const hot = oneHot(tokens.flatten(), vocabulary);
  return hot.T.matmul(dy.reshape(tokens.size, E));
}
