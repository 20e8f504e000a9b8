/**
 * Chapter 3, topic 1: from symbols to vectors.
 *
 * A network computes with numbers, and a text is made of symbols. Each symbol of a vocabulary of V gets a number, its
 * token, from 0 to V − 1. The number is only a name: token 7 is not more than token 3. An embedding turns the name into a
 * vector that can be learned.
 */
import { ShapeError, Tensor, oneHot, showShape, tensor, zeros } from '#tensor';

/** Tokens in a list, (N), or in rows that are all of the same length, (T, B). */
export type Tokens = number[] | number[][];

/** What an embedding leaves for its backward pass. */
export interface EmbeddingCache {
  /** which row of the table was looked up where: (N) or (T, B) */
  tokens: Tensor;
  /** V, the number of rows of the table */
  vocabulary: number;
}

/**
 * Tokens as one-hot rows: a 1 in the column of the token, 0 everywhere else. No token is nearer to one than to another.
 *
 *   onehot_nv = 1 where v = tokens_n, else 0        (N, V) from (N), or (T, B, V) from (T, B)
 *
 * @param tokens  (N), or (T, B) in rows of equal length; whole numbers from 0 to V − 1
 * @param classes V ≥ 1
 * @returns the shape of the tokens, with one more axis of length V at the end
 * @throws RangeError (or any other error) when a token is not a whole number from 0 to V − 1
 */
export function oneHotEncode(tokens: Tokens, classes: number): Tensor {
  // #region oneHotEncode
  return oneHot(tensor(tokens), classes);
  // #endregion
}

/**
 * An embedding: row `token` of a table, for every token.
 *
 *   y_ne = table[tokens_n, e]                       (N, E) from (N), or (T, B, E) from (T, B)
 *
 * That is onehot(tokens) · table, (N, V) (V, E), without multiplying by all those zeros.
 *
 * @param table  (V, E) one learned vector per token
 * @param tokens (N), or (T, B) in rows of equal length; whole numbers from 0 to V − 1; the same token may come many times
 * @returns y, the shape of the tokens with one more axis of length E at the end, and the cache for embeddingBackward
 * @throws ShapeError when the table is not a matrix; RangeError (or any other error) when a token is not a whole number
 *         from 0 to V − 1
 */
export function embeddingForward(table: Tensor, tokens: Tokens): { y: Tensor; cache: EmbeddingCache } {
  // #region embeddingForward
  if (table.rank !== 2) throw new ShapeError(`embeddingForward: the table is ${showShape(table.shape)}, not (V, E)`);
  const index = tensor(tokens);
  return { y: table.gather(index), cache: { tokens: index, vocabulary: table.shape[0] } };
  // #endregion
}

/**
 * The way back through an embedding: each row of dy goes to the row of the table from which y was copied.
 *
 *   dtable[v, e] = Σ over all places n with tokens_n = v of dy_ne        (V, E)
 *
 * A token that came twice gets both contributions, added; one that never came gets a row of zeros.
 *
 * @param dy    ∂loss/∂y, in the shape of y: (N, E) or (T, B, E)
 * @param cache from embeddingForward
 * @returns dtable (V, E)
 * @throws ShapeError when dy does not have the shape of y: the tokens' shape with one more axis at the end
 */
export function embeddingBackward(dy: Tensor, cache: EmbeddingCache): Tensor {
  // #region embeddingBackward
  const { tokens, vocabulary } = cache;
  const E = dy.shape[dy.rank - 1];
  if (dy.rank !== tokens.rank + 1 || tokens.shape.some((n, axis) => n !== dy.shape[axis])) {
    throw new ShapeError(`embeddingBackward: dy is ${showShape(dy.shape)} for tokens ${showShape(tokens.shape)}`);
  }
  const dtable = zeros(vocabulary, E);
  tokens.data.forEach((token, n) => {
    for (let e = 0; e < E; e++) dtable.data[token * E + e] += dy.data[n * E + e];
  });
  return dtable;
  // #endregion
}
