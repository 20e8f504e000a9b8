/**
 * Chapter 1, topic 1: the neuron of 1943, and everything that two layers of it can say.
 *
 * All data here are plain numbers and arrays. An input or an output of a neuron is a bit: 0 or 1.
 */

/** A neuron as data: one weight per input, and a bias. Its output is step(w · x + b). */
export interface Neuron {
  /** (n) one weight per input */
  weights: number[];
  bias: number;
}

/** Two layers of neurons as data: n inputs, h hidden neurons, one output neuron. h may be 0. */
export interface TwoLayerNetwork {
  /** (h, n) row j holds the weights of hidden neuron j */
  hiddenWeights: number[][];
  /** (h) one bias per hidden neuron */
  hiddenBiases: number[];
  /** (h) the output neuron's weight for each hidden neuron */
  outputWeights: number[];
  outputBias: number;
}

/** The gates that one neuron can be. NOT has one input, the others have two. */
export type GateName = 'AND' | 'OR' | 'NOT' | 'NAND';

/**
 * The step function: all or nothing.
 *
 *   step(z) = 1  when z ≥ 0
 *             0  when z < 0
 *
 * The edge belongs to the upper side: step(0) = 1, here and in the whole course.
 *
 * @param z any number
 * @returns 0 or 1
 * @see McCulloch & Pitts 1943, "A logical calculus of the ideas immanent in nervous activity"
 */
export function step(z: number): number {
  // #region step
  return z >= 0 ? 1 : 0;
  // #endregion
}

/**
 * The McCulloch–Pitts neuron: it counts its excitatory inputs, and any single active inhibitory input silences it.
 *
 *   y = 0                    when at least one inhibitory input is 1: an absolute veto, whatever the count
 *   y = 1                    otherwise, when (e_1 + … + e_m) ≥ threshold
 *   y = 0                    otherwise
 *
 * Either list may be empty: no excitatory inputs sum to 0, no inhibitory inputs veto nothing. So with both empty
 * and threshold 0 the neuron fires.
 *
 * @param excitatory (m) bits
 * @param inhibitory (k) bits
 * @param threshold  how many excitatory inputs it takes; any number, so 1.5 takes two
 * @returns 0 or 1
 * @throws RangeError when an input of either list is neither 0 nor 1; also when another one vetoes
 * @see McCulloch & Pitts 1943
 */
export function mpNeuron(excitatory: number[], inhibitory: number[], threshold: number): number {
  // #region mpNeuron
  for (const bit of [...excitatory, ...inhibitory]) {
    if (bit !== 0 && bit !== 1) throw new RangeError(`mpNeuron: an input must be 0 or 1, not ${bit}`);
  }
  if (inhibitory.includes(1)) return 0;
  const count = excitatory.reduce((sum, bit) => sum + bit, 0);
  return count >= threshold ? 1 : 0;
  // #endregion
}

/**
 * A neuron with weights: inhibition is now a negative weight, and the threshold has moved to the left as a bias.
 *
 *   y = step(w_1 x_1 + … + w_n x_n + b)
 *
 * With no inputs at all (n = 0) the sum is 0, so y = step(b).
 *
 * @param x       (n) the inputs; any numbers
 * @param weights (n) one weight per input
 * @param bias    one number; bias = −threshold
 * @returns 0 or 1
 * @throws RangeError when x and weights differ in length
 * @see Rosenblatt 1958, "The perceptron: a probabilistic model for information storage and organization in the brain"
 */
export function weightedNeuron(x: number[], weights: number[], bias: number): number {
  // #region weightedNeuron
  if (x.length !== weights.length) {
    throw new RangeError(`weightedNeuron: ${x.length} inputs but ${weights.length} weights`);
  }
  return step(x.reduce((sum, xi, i) => sum + weights[i] * xi, bias));
  // #endregion
}

/**
 * A logic gate as one neuron: find weights and a bias by hand, so that weightedNeuron(x, weights, bias) is the gate.
 *
 *   a b | AND  OR  NAND        a | NOT
 *   0 0 |  0    0    1         0 |  1
 *   0 1 |  0    1    1         1 |  0
 *   1 0 |  0    1    1
 *   1 1 |  1    1    0
 *
 * Every choice of numbers that gives these tables is right: the gate is checked by running it on all its inputs.
 *
 * @param name which gate
 * @returns weights and bias: two weights for AND, OR and NAND, one weight for NOT
 * @throws RangeError when the name is none of the four
 * @see McCulloch & Pitts 1943, figure 1
 */
export function gate(name: GateName): Neuron {
  // #region gate
  switch (name) {
    case 'AND':
      return { weights: [1, 1], bias: -2 };
    case 'OR':
      return { weights: [1, 1], bias: -1 };
    case 'NOT':
      return { weights: [-1], bias: 0 };
    case 'NAND':
      return { weights: [-1, -1], bias: 1 };
    default:
      throw new RangeError(`gate: there is no gate called ${name}`);
  }
  // #endregion
}

/**
 * The output of a two-layer network: the hidden neurons read the inputs, the output neuron reads the hidden neurons.
 *
 *   h_j = step(W_j · x + c_j)       j = 1 … h      W = hiddenWeights (h, n), c = hiddenBiases (h)
 *   y   = step(v · h + d)                          v = outputWeights (h),    d = outputBias
 *
 * Without hidden neurons (h = 0) the output is step(d), whatever x is.
 *
 * @param network the weights and biases of both layers
 * @param x       (n) the inputs
 * @returns 0 or 1
 * @throws RangeError when a row of hiddenWeights is not as long as x, or when hiddenWeights, hiddenBiases and
 *                    outputWeights do not all have the same length h
 */
export function evaluateNetwork(network: TwoLayerNetwork, x: number[]): number {
  // #region evaluateNetwork
  const { hiddenWeights, hiddenBiases, outputWeights, outputBias } = network;
  if (hiddenWeights.length !== hiddenBiases.length) {
    throw new RangeError(
      `evaluateNetwork: ${hiddenWeights.length} rows of weights but ${hiddenBiases.length} biases in the hidden layer`,
    );
  }
  const hidden = hiddenWeights.map((weights, j) => weightedNeuron(x, weights, hiddenBiases[j]));
  return weightedNeuron(hidden, outputWeights, outputBias);
  // #endregion
}

/**
 * Exclusive or: 1 when exactly one of two inputs is 1. No single neuron can be it; two layers can.
 *
 *   a b | XOR
 *   0 0 |  0        one way:  XOR(a, b) = AND( OR(a, b), NAND(a, b) )
 *   0 1 |  1
 *   1 0 |  1
 *   1 1 |  0
 *
 * Any network with two inputs that gives this table is right: it is checked by evaluating it.
 *
 * @returns a two-layer network with two inputs
 * @see Minsky & Papert 1969, "Perceptrons", on why one layer is not enough
 */
export function xorNetwork(): TwoLayerNetwork {
  // #region xorNetwork
  const [or, nand, and] = [gate('OR'), gate('NAND'), gate('AND')];
  return {
    hiddenWeights: [or.weights, nand.weights],
    hiddenBiases: [or.bias, nand.bias],
    outputWeights: and.weights,
    outputBias: and.bias,
  };
  // #endregion
}

/**
 * A two-layer network for any truth table, by disjunctive normal form: one hidden AND neuron for each row of the
 * table whose output is 1, firing on that row and on no other; then the OR of them.
 *
 * The table of n inputs is the list of its 2ⁿ outputs. Entry k belongs to the inputs x_1 … x_n that spell k in
 * binary, x_1 being the most significant bit: for n = 2 the entries are those of 00, 01, 10, 11, and
 * table[1] is the output for x = [0, 1]. So XOR is [0, 1, 1, 0], and AND is [0, 0, 0, 1].
 *
 *   hidden neuron of a row r_1 … r_n whose output is 1:
 *     weight i = +1  where r_i = 1   (x_i must be on)
 *                −1  where r_i = 0   (x_i must be off)
 *     bias           such that the sum is exactly 0 on the row itself and negative on every other row
 *   output neuron: OR of the h hidden neurons (weights +1); never firing when h = 0
 *
 * A table of zeros (constant false) has no hidden neurons: hiddenWeights, hiddenBiases and outputWeights are [].
 * The network is checked by evaluating it on every row, so other weights that give the table are also right.
 *
 * @param table (2ⁿ) bits, n ≥ 1
 * @returns a two-layer network with n inputs, and as many hidden neurons as the table has ones
 * @throws RangeError when the length is not 2, 4, 8, 16, … or when an entry is neither 0 nor 1
 * @see McCulloch & Pitts 1943, theorem II
 */
export function networkFor(table: number[]): TwoLayerNetwork {
  // #region networkFor
  const n = Math.log2(table.length);
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`networkFor: a table of ${table.length} entries`);
  if (table.some((y) => y !== 0 && y !== 1)) throw new RangeError('networkFor: an entry must be 0 or 1');
  const hiddenWeights: number[][] = [];
  const hiddenBiases: number[] = [];
  for (let k = 0; k < table.length; k++) {
    if (table[k] === 0) continue;
    const row = Array.from({ length: n }, (_, i) => (k >> (n - 1 - i)) & 1);
    hiddenWeights.push(row.map((bit) => (bit === 1 ? 1 : -1)));
    hiddenBiases.push(-row.filter((bit) => bit === 1).length);
  }
  return { hiddenWeights, hiddenBiases, outputWeights: hiddenWeights.map(() => 1), outputBias: -1 };
  // #endregion
}
