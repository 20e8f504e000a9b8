/**
 * Chapter 1, topic 1: the neuron of 1943, and everything that two layers of it can say.
 *
 * Style: array methods where a loop is usual, loops where an array method is, integers and strings of bits.
 */

export interface Neuron {
  weights: number[];
  bias: number;
}

export interface TwoLayerNetwork {
  hiddenWeights: number[][];
  hiddenBiases: number[];
  outputWeights: number[];
  outputBias: number;
}

export type GateName = 'AND' | 'OR' | 'NOT' | 'NAND';

const isBit = (x: number): boolean => x === 0 || x === 1;

export function step(z: number): number {
  if (z < 0) return 0;
  return 1;
}

export function mpNeuron(excitatory: number[], inhibitory: number[], threshold: number): number {
  const all = [...excitatory, ...inhibitory];
  if (!all.every(isBit)) {
    throw new RangeError('mpNeuron: every input must be 0 or 1');
  }
  if (inhibitory.includes(1)) return 0;
  const active = excitatory.filter((e) => e === 1).length;
  return active >= threshold ? 1 : 0;
}

export function weightedNeuron(x: number[], weights: number[], bias: number): number {
  const n = weights.length;
  if (x.length !== n) {
    throw new RangeError(`weightedNeuron: ${x.length} inputs for ${n} weights`);
  }
  let sum = bias;
  for (let i = n - 1; i >= 0; i--) {
    sum += weights[i] * x[i];
  }
  return step(sum);
}

export function gate(name: GateName): Neuron {
  switch (name) {
    case 'AND':
      return { weights: [2, 2], bias: -3 };
    case 'OR':
      return { weights: [2, 2], bias: -1 };
    case 'NAND':
      return { weights: [-2, -2], bias: 3 };
    case 'NOT':
      return { weights: [-2], bias: 1 };
    default:
      throw new RangeError(`gate: no gate is called ${String(name)}`);
  }
}

export function evaluateNetwork(network: TwoLayerNetwork, x: number[]): number {
  const { hiddenWeights, hiddenBiases, outputWeights, outputBias } = network;
  const h = hiddenWeights.length;
  if (hiddenBiases.length !== h || outputWeights.length !== h) {
    throw new RangeError('evaluateNetwork: the lists of the hidden layer differ in length');
  }
  let total = outputBias;
  for (const [j, row] of hiddenWeights.entries()) {
    total += outputWeights[j] * weightedNeuron(x, row, hiddenBiases[j]);
  }
  return total >= 0 ? 1 : 0;
}

export function xorNetwork(): TwoLayerNetwork {
  const atLeastOne = { weights: [1, 1], bias: -0.5 };
  const both = { weights: [1, 1], bias: -1.5 };
  const hidden = [atLeastOne, both];
  return {
    hiddenWeights: hidden.map(({ weights }) => weights),
    hiddenBiases: hidden.map(({ bias }) => bias),
    outputWeights: [1, -1],
    outputBias: -0.5,
  };
}

export function networkFor(table: number[]): TwoLayerNetwork {
  let n = 0;
  let rows = 1;
  while (rows < table.length) {
    rows *= 2;
    n += 1;
  }
  if (n === 0 || rows !== table.length) {
    throw new RangeError(`networkFor: ${table.length} is not 2, 4, 8, 16, …`);
  }
  for (const entry of table) {
    if (!isBit(entry)) throw new RangeError(`networkFor: ${entry} is not a bit`);
  }
  const network: TwoLayerNetwork = { hiddenWeights: [], hiddenBiases: [], outputWeights: [], outputBias: -0.5 };
  for (let k = 0; k < rows; k++) {
    if (table[k] === 0) continue;
    const bits = k.toString(2).padStart(n, '0').split('').map(Number);
    network.hiddenWeights.push(bits.map((bit) => (bit === 1 ? 1 : -1)));
    network.hiddenBiases.push(0.5 - bits.reduce((a, bit) => a + bit, 0));
    network.outputWeights.push(1);
  }
  return network;
}
