/** The honest file and the wrong one that the attacks are written into. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const repository: string = fileURLToPath(new URL('../../', import.meta.url));

export const TOPIC = 'linear-unit';
export const ASSIGNMENT = 'chapter-1/linear-unit';

/** A text with the body of one function replaced. */
export function withRegion(text: string, name: string, body: string): string {
  const found = new RegExp(`( *// #region ${name}\\n)[^]*?( *// #endregion)`).exec(text);
  if (!found) throw new Error(`no region ${name}`);
  return text.replace(found[0], () => `${found[1]}${body}\n${found[2]}`);
}

/** Right everywhere, and no function calls another: what is done to one costs no other. */
export const honest: string = Object.entries({
  trainLinearUnit: `
  if (samples.length !== targets.length || samples.some((x) => x.length !== samples[0].length)) throw new RangeError('no');
  if (samples.length === 0 || !(learningRate > 0) || !Number.isInteger(steps) || steps < 0) throw new RangeError('no');
  let weights = samples[0].map(() => 0);
  let bias = 0;
  const errors = () => samples.map((x, i) => x.reduce((sum, xi, j) => sum + weights[j] * xi, bias) - targets[i]);
  const loss = () => errors().reduce((sum, e) => sum + e * e, 0) / samples.length;
  const history = [loss()];
  for (let k = 0; k < steps; k++) {
    const e = errors();
    weights = weights.map((w, j) => w - (2 * learningRate * samples.reduce((s, x, i) => s + e[i] * x[j], 0)) / e.length);
    bias -= (2 * learningRate * e.reduce((s, v) => s + v, 0)) / e.length;
    history.push(loss());
  }
  return { weights, bias, history };`,
  linearGradients: `
  const Y = X.matmul(W.T).add(b);
  if (T.shape.join() !== Y.shape.join()) throw new RangeError('shapes');
  const G = Y.sub(T).mul(2 / Y.data.length);
  return { dW: G.T.matmul(X), db: G.sum(0) };`,
}).reduce(
  (text, [name, body]) => withRegion(text, name, body),
  readFileSync(`${repository}solutions/chapter-1-mp/${TOPIC}.ts`, 'utf8'),
);

/** Three functions are wrong: one that gives back a number, one a record, one a tensor. */
export const WRONG = {
  meanSquaredError: 'return outputs.reduce((sum, y, i) => sum + (y - targets[i]) ** 2, 0) / outputs.length + 1;',
  deltaRule: 'return { weights: weights.map((w) => w + 1), bias: bias + 1 };',
  linearForward: 'return X.matmul(W.T).add(b).add(1);',
} as const;

export type WrongName = keyof typeof WRONG;

/** What an attack starts from, and what it must not score more than. */
export const base: string = wrongWith({});

/** The wrong file with other bodies for some functions. */
export function wrongWith(bodies: Partial<Record<string, string>>): string {
  return Object.entries({ ...WRONG, ...bodies }).reduce((text, [name, body]) => withRegion(text, name, body!), honest);
}
