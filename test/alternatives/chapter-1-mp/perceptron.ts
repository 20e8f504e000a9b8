/**
 * Chapter 1, topic 2: the perceptron, the first neuron that learns.
 *
 * Style: the bias is the weight of a last input that is always 1, in nearly every function.
 */

export interface Perceptron {
  weights: number[];
  bias: number;
}

export interface TrainedPerceptron extends Perceptron {
  history: number[];
  converged: boolean;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

export function predict(x: number[], weights: number[], bias: number): number {
  if (x.length !== weights.length) throw new RangeError('predict: x and weights differ in length');
  const score = dot([1, ...x], [bias, ...weights]);
  return score < 0 ? -1 : 1;
}

export function perceptronUpdate(
  x: number[],
  label: number,
  weights: number[],
  bias: number,
  learningRate: number,
): Perceptron {
  if (Math.abs(label) !== 1) throw new RangeError(`perceptronUpdate: ${label} is no label`);
  if (!(learningRate > 0)) throw new RangeError('perceptronUpdate: the learning rate must be greater than 0');
  const guess = predict(x, weights, bias);
  const change = (learningRate * (label - guess)) / 2;
  const moved: number[] = [];
  weights.forEach((w, i) => moved.push(w + change * x[i]));
  return { weights: moved, bias: bias + change };
}

export function trainPerceptron(
  samples: number[][],
  labels: number[],
  learningRate: number,
  maxEpochs: number,
): TrainedPerceptron {
  if (samples.length === 0) throw new RangeError('trainPerceptron: no samples');
  if (samples.length !== labels.length) throw new RangeError('trainPerceptron: one label per sample');
  if (!Number.isInteger(maxEpochs) || maxEpochs < 0) throw new RangeError('trainPerceptron: maxEpochs is no count');
  let current: Perceptron = { weights: samples[0].map(() => 0), bias: 0 };
  const history: number[] = [];
  while (history.length < maxEpochs && history.at(-1) !== 0) {
    let mistakes = 0;
    samples.forEach((x, i) => {
      const { weights, bias } = current;
      current = perceptronUpdate(x, labels[i], weights, bias, learningRate);
      mistakes += Number(predict(x, weights, bias) !== labels[i]);
    });
    history.push(mistakes);
  }
  return { ...current, history, converged: history.at(-1) === 0 };
}

export function novikoffBound(samples: number[][], labels: number[], weights: number[], bias: number): number {
  const N = samples.length;
  if (N === 0 || labels.length !== N) throw new RangeError('novikoffBound: as many labels as samples, at least one');
  const separator = [...weights, bias];
  let longest = 0;
  let narrowest = Infinity;
  for (let i = 0; i < N; i++) {
    if (samples[i].length !== weights.length) throw new RangeError(`novikoffBound: sample ${i} has another length`);
    if (labels[i] !== 1 && labels[i] !== -1) throw new RangeError(`novikoffBound: label ${i} is neither −1 nor +1`);
    const point = [...samples[i], 1];
    longest = Math.max(longest, dot(point, point));
    narrowest = Math.min(narrowest, labels[i] * dot(point, separator));
  }
  if (!(narrowest > 0)) throw new RangeError('novikoffBound: the separator does not separate');
  return (longest * dot(separator, separator)) / narrowest ** 2;
}
