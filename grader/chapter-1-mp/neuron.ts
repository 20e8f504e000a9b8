import {
  agrees,
  choice,
  exercise,
  integer,
  number,
  pattern,
  property,
  pure,
  record,
  rejects,
  rows,
  topic,
  vector,
  type Value,
  type ValueRecord,
} from '../engine/index.ts';

interface Network {
  hiddenWeights: number[][];
  hiddenBiases: number[];
  outputWeights: number[];
  outputBias: number;
}

const fires = (x: readonly number[], weights: readonly number[], bias: number): number => {
  let sum = bias;
  for (let i = 0; i < x.length; i++) sum += weights[i]! * x[i]!;
  return sum >= 0 ? 1 : 0;
};

/** The output of a network that a student returned, evaluated by the judge. */
const output = (net: Network, x: readonly number[]): number => {
  const hidden: number[] = [];
  for (let j = 0; j < net.hiddenBiases.length; j++) hidden.push(fires(x, net.hiddenWeights[j]!, net.hiddenBiases[j]!));
  return fires(hidden, net.outputWeights, net.outputBias);
};

/** All inputs of n bits, in the order of a truth table: x_1 is the most significant bit. */
const allInputs = (n: number): number[][] =>
  n === 0 ? [[]] : [0, 1].flatMap((first) => allInputs(n - 1).map((rest) => [first, ...rest]));

/** Every part of a network is there, consists of finite numbers, and fits the others. */
function isNetwork(value: Value, n: number): value is ValueRecord & Network {
  const net = value as unknown as Partial<Network> | undefined;
  const numbers = (x: unknown): x is number[] => Array.isArray(x) && x.every((v) => Number.isFinite(v));
  return (
    net !== undefined &&
    numbers(net.hiddenBiases) &&
    numbers(net.outputWeights) &&
    Number.isFinite(net.outputBias) &&
    Array.isArray(net.hiddenWeights) &&
    net.hiddenWeights.every((row) => numbers(row) && row.length === n) &&
    net.hiddenWeights.length === net.hiddenBiases.length &&
    net.outputWeights.length === net.hiddenBiases.length
  );
}

const weighted = (x: readonly number[], weights: readonly number[], bias: number): number =>
  x.reduce((s, v, i) => s + weights[i]! * v, bias);

/** What a network does: its answers to all inputs; of what is no network the lengths, which say how it was built. */
function answersOf(net: Value, n: number): Value {
  if (isNetwork(net, n)) return allInputs(n).map((x) => output(net, x));
  const { hiddenWeights } = net as unknown as Network;
  return { lengths: hiddenWeights.map((row) => row.length) };
}

/** Functions of two bits that have a name, by their tables. */
const NAMES: Record<string, string> = {
  '0000': 'never on',
  '0001': 'AND',
  '0011': 'the first input, whatever the second is',
  '0101': 'the second input, whatever the first is',
  '0110': 'XOR',
  '0111': 'OR',
  '1000': 'NOR',
  '1001': 'XNOR (equal or not), the opposite of XOR',
  '1110': 'NAND',
  '1111': 'always on',
};

/** " Its four answers are 0 1 1 1: that is OR." */
function whatItIs(answers: readonly number[]): string {
  const name = answers.length === 4 ? NAMES[answers.join('')] : undefined;
  return name ? ` Its four answers are ${answers.join(' ')}: that is ${name}.` : '';
}

const short = (x: number) => String(Number(x.toPrecision(6)));

/** What happens inside a network: "its hidden sums are 0 and −1, so its hidden bits 1 and 0; the output’s sum is 2". */
function inside(net: Network, x: readonly number[]): string {
  const sums = net.hiddenBiases.map((c, j) => weighted(x, net.hiddenWeights[j]!, c));
  const bits = sums.map((s) => (s >= 0 ? 1 : 0));
  const last = `the output’s sum is ${short(weighted(bits, net.outputWeights, net.outputBias))}`;
  if (sums.length === 0) return `it has no hidden neurons, and ${last}`;
  const [sum, bit] = sums.length === 1 ? ['sum is', 'bit'] : ['sums are', 'bits'];
  return `the hidden ${sum} ${sums.map(short).join(', ')}, so the hidden ${bit} ${bits.join(', ')}; ${last}`;
}

/** " hiddenWeights[1] has 1 weight." */
function oddRow(net: Value, n: number): string {
  const rows = (net as unknown as Partial<Network> | undefined)?.hiddenWeights;
  const j = Array.isArray(rows) ? rows.findIndex((row) => Array.isArray(row) && row.length !== n) : -1;
  if (j < 0) return '';
  const { length } = rows![j]!;
  return ` hiddenWeights[${j}] has ${length === 1 ? '1 weight' : `${length} weights`}.`;
}

/** True, or the first row of the table that the network gets wrong. */
function computes(net: Value, table: readonly number[]): true | string {
  const n = Math.log2(table.length);
  if (!isNetwork(net, n)) {
    const form = `hiddenWeights (h, ${n}), hiddenBiases (h), outputWeights (h) and outputBias must be there, with the same h.`;
    return `It is not a network with ${n} inputs: ${form}${oddRow(net, n)}`;
  }
  const inputs = allInputs(n);
  for (let k = 0; k < table.length; k++) {
    const y = output(net, inputs[k]!);
    if (y !== table[k]) {
      const answers = n === 2 ? inputs.map((x) => output(net, x)) : [];
      return `For the input [${inputs[k]!.join(', ')}] ${inside(net, inputs[k]!)}: it gives ${y}, the table says ${table[k]}.${whatItIs(answers)}`;
    }
  }
  return true;
}

const step = exercise({
  points: 1,
  inputs: { z: number() },
  oracle: ({ z }) => (z >= 0 ? 1 : 0),
  checks: [agrees({ exact: true })],
  examples: [{ z: 0 }, { z: -0 }, { z: 1e-12 }, { z: -1e-12 }, { z: 1000 }],
  misconceptions: {
    '> for ≥': {
      wrong: ({ z }) => (z > 0 ? 1 : 0),
      says: 'Everything is right except exactly at the edge. Which side does 0 belong to?',
    },
    'edge at one half': {
      wrong: ({ z }) => (z >= 0.5 ? 1 : 0),
      says: 'Your edge is not at 0: small positive numbers are still silent. Did rounding come in?',
    },
    'sign instead of step': {
      wrong: ({ z }) => Math.sign(z),
      says: 'You return −1, 0 or 1: that is the sign. The step has two values only, 0 and 1.',
    },
    '−1 for 0': {
      wrong: ({ z }) => (z >= 0 ? 1 : -1),
      says: 'A silent neuron says 0 here, not −1. The labels −1 and +1 only come with the perceptron.',
    },
    'other way round': {
      wrong: ({ z }) => (z >= 0 ? 0 : 1),
      says: 'The neuron fires when it should be silent, and is silent when it should fire.',
    },
    'the number itself': {
      wrong: ({ z }) => (z >= 0 ? z : 0),
      says: 'You let the number through when it is not negative. That is a ReLU; it comes in chapter 2. The step only says 0 or 1.',
    },
    'a boolean': {
      wrong: ({ z }) => z >= 0,
      says: 'You return true or false. A neuron speaks in numbers, because another neuron will multiply them: 1 or 0.',
    },
  },
  hints: [
    'The neuron either fires or it does not: there are only two answers, whatever z is.',
    'One comparison decides. The docstring says on which side the edge lies.',
    'In TypeScript `condition ? a : b` is a when the condition holds, else b.',
    'return z >= 0 ? 1 : 0;',
  ],
});

const sum = (x: readonly number[]) => x.reduce((s, v) => s + v, 0);

const mpNeuron = exercise({
  points: 2,
  uses: ['step'],
  inputs: { excitatory: pattern('m', 0, 1), inhibitory: pattern('k', 0, 1), threshold: integer(-1, 4) },
  sizes: { m: [0, 5], k: [0, 3] },
  oracle({ excitatory, inhibitory, threshold }) {
    let count = 0;
    for (const bit of excitatory) count += bit;
    for (const bit of inhibitory) if (bit === 1) return 0;
    return count >= threshold ? 1 : 0;
  },
  checks: [
    agrees({ exact: true, cases: 60 }),
    pure({
      fixed: () => [
        { excitatory: [1, 0, 1], inhibitory: [0, 0], threshold: 2 },
        { excitatory: [1, 1], inhibitory: [0, 1, 0], threshold: 1 },
        { excitatory: [0, 1, 0], inhibitory: [], threshold: 3 },
      ],
    }),
    rejects('an input that is neither 0 nor 1', [
      { excitatory: [1, 2], inhibitory: [], threshold: 1 },
      { excitatory: [1], inhibitory: [0.5], threshold: 1 },
      { excitatory: [Number.NaN], inhibitory: [], threshold: 0 },
      { excitatory: [1, -1], inhibitory: [0], threshold: 1 },
      { excitatory: [1], inhibitory: [0, -1], threshold: 1 },
      { excitatory: [2], inhibitory: [1], threshold: 1 },
      { excitatory: [1], inhibitory: [1, 2], threshold: 1 },
      { excitatory: [2, 1], inhibitory: [], threshold: -1 },
    ]),
  ],
  examples: [
    { excitatory: [], inhibitory: [], threshold: 0 },
    { excitatory: [1, 1, 1], inhibitory: [1], threshold: 2 },
    { excitatory: [1, 1, 1, 1], inhibitory: [1, 0], threshold: 1 },
    { excitatory: [1, 0], inhibitory: [0, 0], threshold: 1 },
    { excitatory: [1, 1], inhibitory: [], threshold: 2 },
    { excitatory: [1, 1, 0, 0], inhibitory: [1, 1, 1], threshold: -1 },
    { excitatory: [1], inhibitory: [], threshold: 1.5 },
    { excitatory: [1, 1], inhibitory: [0], threshold: 1.5 },
    { excitatory: [1, 1, 0], inhibitory: [], threshold: 2.25 },
    { excitatory: [1, 1, 1], inhibitory: [0], threshold: 2.25 },
    { excitatory: [0], inhibitory: [], threshold: 0.25 },
    { excitatory: [], inhibitory: [], threshold: -0.5 },
    { excitatory: [], inhibitory: [1], threshold: -1 },
    { excitatory: [1, 1, 1, 1, 1, 1, 1, 1], inhibitory: [0, 1], threshold: 1 },
    { excitatory: [1, 1, 1], inhibitory: [1], threshold: -3 },
    { excitatory: [1, 0], inhibitory: [0, 0, 1], threshold: -1_000_000 },
    { excitatory: [1], inhibitory: [1, 0, 0], threshold: 1 },
    { excitatory: [1, 1], inhibitory: [0, 1, 0, 0], threshold: 2 },
  ],
  misconceptions: {
    'inhibition subtracts': {
      wrong: ({ excitatory, inhibitory, threshold }) => (sum(excitatory) - sum(inhibitory) >= threshold ? 1 : 0),
      says: 'An inhibitory input is counted as −1 here. In McCulloch and Pitts’s neuron it is not a vote against, but a veto: how many excitatory inputs can outvote it?',
    },
    'inhibition ignored': {
      wrong: ({ excitatory, threshold }) => (sum(excitatory) >= threshold ? 1 : 0),
      says: 'The inhibitory inputs make no difference to your result.',
    },
    '> for ≥': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        inhibitory.includes(1) ? 0 : sum(excitatory) > threshold ? 1 : 0,
      says: 'Your neuron needs one excitatory input more than the threshold. What should happen when the count is the threshold?',
    },
    'veto only when all inhibit': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        inhibitory.length > 0 && inhibitory.every((b) => b === 1) ? 0 : sum(excitatory) >= threshold ? 1 : 0,
      says: 'Your veto takes all inhibitory inputs together. One alone is enough.',
    },
    'veto as a heavy weight': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        sum(excitatory) - (excitatory.length + 1) * sum(inhibitory) >= threshold ? 1 : 0,
      says: 'An inhibitory input subtracts a lot in your version, and a threshold below 0 is still met. A veto asks neither for the count nor for the threshold.',
    },
    'veto by a majority': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        2 * sum(inhibitory) > inhibitory.length ? 0 : sum(excitatory) >= threshold ? 1 : 0,
      says: 'Your inhibitory inputs vote among themselves. No vote is taken: one of them is enough.',
    },
    'whole thresholds only': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        inhibitory.includes(1) ? 0 : sum(excitatory) >= Math.floor(threshold) ? 1 : 0,
      says: 'A threshold of 1.5 is met by 2 active inputs and not by 1. Is a fraction cut off somewhere?',
    },
    'veto by the first only': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        inhibitory[0] === 1 ? 0 : sum(excitatory) >= threshold ? 1 : 0,
      says: 'Only the first inhibitory input silences your neuron. Any of them must.',
    },
    'any excitatory input fires it': {
      wrong: ({ excitatory, inhibitory }) => (inhibitory.includes(1) ? 0 : excitatory.includes(1) ? 1 : 0),
      says: 'One active excitatory input makes your neuron fire. What is the threshold for?',
    },
    'empty inhibition vetoes': {
      wrong: ({ excitatory, inhibitory, threshold }) =>
        inhibitory.every((b) => b === 1) ? 0 : sum(excitatory) >= threshold ? 1 : 0,
      says: 'A neuron without inhibitory inputs never fires in your version: `every` of an empty list is true. Ask whether some input inhibits.',
    },
  },
  hints: [
    'Two questions, one after the other: is anybody saying no? If not, are enough saying yes?',
    'The inhibitory inputs decide first, and one active one is enough. Then the active excitatory ones are counted.',
    'y = 0 if some inhibitory input is 1; else 1 exactly when the sum of the excitatory inputs is at least the threshold.',
    'if (inhibitory.includes(1)) return 0; then compare excitatory.reduce((s, b) => s + b, 0) with the threshold. Check the bits before.',
  ],
});

const weightedNeuron = exercise({
  points: 2,
  uses: ['step'],
  inputs: { x: vector('n'), weights: vector('n'), bias: number() },
  sizes: { n: [0, 5] },
  oracle: ({ x, weights, bias }) => fires(x, weights, bias),
  checks: [
    agrees({ exact: true, cases: 60 }),
    pure({ fixed: () => [{ x: [1, 2, -1], weights: [0.5, -1, 2], bias: 1 }] }),
    rejects('inputs and weights of different lengths', [
      { x: [1, 2], weights: [1], bias: 0 },
      { x: [1], weights: [1, 1], bias: 0 },
      { x: [], weights: [1], bias: 0 },
      { x: [1], weights: [], bias: -1 },
    ]),
  ],
  examples: [
    { x: [1, 1], weights: [1, 1], bias: -2 },
    { x: [], weights: [], bias: 0 },
    { x: [], weights: [], bias: -1 },
    { x: [2, -1], weights: [0.5, 2], bias: 0.5 },
    { x: [1, 2], weights: [1, -1], bias: 1 },
    { x: [1, 2, -2], weights: [-2, 1, 0.25], bias: 0.5 },
    { x: [0.5, 0.5], weights: [1, 1], bias: -0.25 },
    { x: [1], weights: [1], bias: -1 - 2 ** -10 },
    { x: [1], weights: [1], bias: -1 + 2 ** -10 },
    { x: [2, 1], weights: [0.5, -1], bias: 0 },
  ],
  misconceptions: {
    'bias left out': {
      wrong: ({ x, weights }) => fires(x, weights, 0),
      says: 'The bias changes nothing in your result.',
    },
    'bias as threshold': {
      wrong: ({ x, weights, bias }) => fires(x, weights, -bias),
      says: 'The bias pulls in the wrong direction. It is added to the sum: bias = −threshold.',
    },
    '> for ≥': {
      wrong: ({ x, weights, bias }) => (sum(x.map((v, i) => v * weights[i]!)) + bias > 0 ? 1 : 0),
      says: 'A sum of exactly 0 counts as firing: step(0) = 1.',
    },
    'no step': {
      wrong: ({ x, weights, bias }) => sum(x.map((v, i) => v * weights[i]!)) + bias,
      says: 'You return the weighted sum itself. The neuron still has to decide: use your step.',
    },
    'bias times each input': {
      wrong: ({ x, weights, bias }) => (sum(x.map((v, i) => v * weights[i]! + bias)) >= 0 ? 1 : 0),
      says: 'The bias is added once for every input; there is only one bias for the whole neuron.',
    },
    'last input skipped': {
      wrong: ({ x, weights, bias }) => fires(x.slice(0, -1), weights, bias),
      says: 'The last input changes nothing in your result. How far does your loop run?',
    },
    'first input skipped': {
      wrong: ({ x, weights, bias }) => fires(x.slice(1), weights.slice(1), bias),
      says: 'The first input changes nothing in your result. Where does your loop begin, or end?',
    },
    'inputs not weighted': {
      wrong: ({ x, bias }) => (sum(x) + bias >= 0 ? 1 : 0),
      says: 'The weights change nothing in your result.',
    },
  },
  hints: [
    'Each input now has its own say: its weight says how strongly, and in which direction.',
    'x and weights are lists of the same length n; one number comes out of both together.',
    'Add up weight times input over all inputs, add the bias once, and let step decide.',
    'step(x.reduce((s, xi, i) => s + weights[i] * xi, bias)), after checking that the lengths agree.',
  ],
});

const TABLES: Record<string, number[]> = { AND: [0, 0, 0, 1], OR: [0, 1, 1, 1], NOT: [1, 0], NAND: [1, 1, 1, 0] };

/** What a gate does: for each of its inputs whether the sum is below, on or above the edge. */
const sumsOf = (neuron: Value, { name }: { name: string }): Value => {
  const { weights, bias } = neuron as unknown as { weights: number[]; bias: number };
  const n = Math.log2(TABLES[name]!.length);
  if (weights.length !== n) return { weights: weights.length };
  return allInputs(n).map((x) => Math.sign(weighted(x, weights, bias)));
};

/** Every gate off the edge, but for those that are given. */
const gates =
  (given: Record<string, Value>) =>
  ({ name }: { name: string }): Value =>
    ({
      AND: { weights: [1, 1], bias: -1.5 },
      OR: { weights: [1, 1], bias: -0.5 },
      NOT: { weights: [-1], bias: 0.5 },
      NAND: { weights: [-1, -1], bias: 1.5 },
      ...given,
    })[name]!;

/** Each gate with a sum of 0 where it should be silent. */
const ON_THE_EDGE: Record<string, Value> = {
  AND: { weights: [1, 1], bias: -1 },
  OR: { weights: [1, 1], bias: 0 },
  NOT: { weights: [-1], bias: 1 },
  NAND: { weights: [-1, -1], bias: 2 },
};

/** True, or the first input on which a neuron is not the gate. */
function isGate(neuron: Value, name: string): true | string {
  const table = TABLES[name]!;
  const n = Math.log2(table.length);
  const { weights, bias } = (neuron ?? {}) as { weights?: unknown; bias?: unknown };
  if (!Array.isArray(weights) || weights.length !== n || !weights.every(Number.isFinite) || !Number.isFinite(bias))
    return `${name} needs { weights, bias } with ${n === 1 ? 'one weight' : `${n} weights`} and a bias, all finite numbers.`;
  for (const [k, x] of allInputs(n).entries()) {
    const y = fires(x, weights as number[], bias as number);
    if (y !== table[k]) {
      const score = weighted(x, weights as number[], bias as number);
      const answers = allInputs(n).map((input) => fires(input, weights as number[], bias as number));
      return `${name}(${x.join(', ')}) must be ${table[k]}; with your numbers the sum is ${short(score)}, so the neuron gives ${y}.${whatItIs(answers)}`;
    }
  }
  return true;
}

const gate = exercise({
  points: 2,
  inputs: { name: choice('AND', 'OR', 'NOT', 'NAND') },
  oracle: ({ name }): Value => {
    const found: Record<string, Value> = {
      AND: { weights: [1, 1], bias: -1.5 },
      OR: { weights: [1, 1], bias: -0.5 },
      NOT: { weights: [-1], bias: 0.5 },
      NAND: { weights: [-1, -1], bias: 1.5 },
    };
    return found[name]!;
  },
  checks: [
    property<{ name: string }>('its neuron is the gate on every input', {
      holds: ({ y }, { name }) => isGate(y, name),
      reads: sumsOf,
      fixed: () => ['AND', 'OR', 'NOT', 'NAND'].map((name) => ({ name })),
    }),
    rejects('a name that is none of the four', [{ name: 'XOR' }, { name: '' }]),
  ],
  misconceptions: {
    'threshold as bias': {
      wrong: ({ name }): Value =>
        ({
          AND: { weights: [1, 1], bias: 2 },
          OR: { weights: [1, 1], bias: 1 },
          NOT: { weights: [-1], bias: 0 },
          NAND: { weights: [-1, -1], bias: -1 },
        })[name]!,
      says: 'These are thresholds. The bias stands on the other side of the inequality, so it has the other sign.',
    },
    'AND and OR swapped': {
      wrong: ({ name }): Value =>
        ({
          AND: { weights: [1, 1], bias: -1 },
          OR: { weights: [1, 1], bias: -2 },
          NOT: { weights: [-1], bias: 0 },
          NAND: { weights: [-1, -1], bias: 1 },
        })[name]!,
      says: 'Your AND fires for one active input, and your OR waits for both.',
    },
    'NOT with a positive weight': {
      wrong: ({ name }): Value =>
        ({
          AND: { weights: [1, 1], bias: -2 },
          OR: { weights: [1, 1], bias: -1 },
          NOT: { weights: [1], bias: -1 },
          NAND: { weights: [-1, -1], bias: 1 },
        })[name]!,
      says: 'Your NOT repeats its input. An active input has to push the sum below 0.',
    },
    'edges forgotten': {
      wrong: gates(ON_THE_EDGE),
      says: 'It is off only at the edge: where it should be silent its sum is exactly 0, and that already fires, since step(0) = 1.',
    },
    ...Object.fromEntries(
      Object.entries(ON_THE_EDGE).map(([name, neuron]) => [
        `${name} off at the edge`,
        {
          wrong: gates({ [name]: neuron }),
          says: `${name} is off only at the edge: where it should be silent its sum is exactly 0, and that already fires, since step(0) = 1.`,
        },
      ]),
    ),
    'NOT with two weights': {
      wrong: gates({ NOT: { weights: [-1, 0], bias: 0.5 } }),
      says: 'NOT reads one input, and has one weight for it. The other gates have two.',
    },
  },
  hints: [
    'A line in the plane of the two inputs has the 1s on one side and the 0s on the other. Draw the four corners.',
    'Two weights and a bias, so four sums: b, b + w₂, b + w₁, b + w₁ + w₂. Write down which must be ≥ 0 and which < 0.',
    'AND must fire only for the largest of the four sums. With weights 1 the sums are b, b + 1, b + 1, b + 2.',
    'AND: { weights: [1, 1], bias: -2 }. NAND is its opposite: the signs turn round, and the bias is chosen anew.',
  ],
});

const networkInput = record({
  hiddenWeights: rows('h', 'n'),
  hiddenBiases: vector('h'),
  outputWeights: vector('h'),
  outputBias: number(),
});

const goodNetwork = {
  hiddenWeights: [
    [1, 1],
    [-1, -1],
  ],
  hiddenBiases: [-1, 1],
  outputWeights: [1, 1],
  outputBias: -2,
};

const evaluateNetwork = exercise({
  points: 2,
  uses: ['weightedNeuron'],
  inputs: { network: networkInput, x: vector('n') },
  sizes: { h: [0, 4], n: [1, 4] },
  oracle: ({ network, x }) => output(network as unknown as Network, x),
  checks: [
    agrees({ exact: true, cases: 80 }),
    pure(),
    rejects('parts that do not fit together', [
      { network: goodNetwork, x: [1] },
      { network: { ...goodNetwork, hiddenBiases: [-1] }, x: [0, 1] },
      { network: { ...goodNetwork, outputWeights: [1, 1, 1] }, x: [0, 1] },
      { network: goodNetwork, x: [1, 0, 1] },
      { network: { ...goodNetwork, hiddenBiases: [-1, 1, 0] }, x: [0, 1] },
      { network: { ...goodNetwork, outputWeights: [1] }, x: [0, 1] },
      { network: { ...goodNetwork, hiddenWeights: [[1, 1], [-1]] }, x: [0, 1] },
      {
        network: {
          ...goodNetwork,
          hiddenWeights: [
            [1, 1],
            [-1, -1, 0],
          ],
        },
        x: [0, 1],
      },
      { network: { ...goodNetwork, hiddenWeights: [[1], [-1, -1]] }, x: [0, 1] },
      { network: { ...goodNetwork, hiddenWeights: [[1, 1]] }, x: [0, 1] },
    ]),
  ],
  examples: [
    { network: goodNetwork, x: [0, 1] },
    { network: goodNetwork, x: [1, 1] },
    { network: { hiddenWeights: [], hiddenBiases: [], outputWeights: [], outputBias: -1 }, x: [1] },
    { network: { hiddenWeights: [], hiddenBiases: [], outputWeights: [], outputBias: 0 }, x: [1] },
    { network: { hiddenWeights: [], hiddenBiases: [], outputWeights: [], outputBias: 2 }, x: [1, -1] },
    { network: { hiddenWeights: [[1]], hiddenBiases: [-1], outputWeights: [1], outputBias: -1 }, x: [1] },
    { network: { hiddenWeights: [[1]], hiddenBiases: [-2], outputWeights: [1], outputBias: -1 }, x: [2] },
    { network: { hiddenWeights: [[1]], hiddenBiases: [0], outputWeights: [1], outputBias: -2 }, x: [1] },
    { network: { hiddenWeights: [[-1]], hiddenBiases: [0], outputWeights: [1], outputBias: 0 }, x: [1] },
    { network: { hiddenWeights: [[2]], hiddenBiases: [-1], outputWeights: [1], outputBias: -2 }, x: [2] },
    { network: { hiddenWeights: [[-2]], hiddenBiases: [-1], outputWeights: [-1], outputBias: 0.5 }, x: [2] },
    { network: { hiddenWeights: [[1], [-1]], hiddenBiases: [-1, -1], outputWeights: [-2, 1], outputBias: 0 }, x: [2] },
    {
      network: {
        hiddenWeights: [
          [1, 0],
          [0, 1],
        ],
        hiddenBiases: [-1, 1],
        outputWeights: [1, -1],
        outputBias: 0,
      },
      x: [0, 2],
    },
  ],
  misconceptions: {
    'no step in the hidden layer': {
      wrong: ({ network, x }) => {
        const { hiddenWeights, hiddenBiases, outputWeights, outputBias } = network as unknown as Network;
        const hidden = hiddenWeights.map((w, j) => sum(w.map((v, i) => v * x[i]!)) + hiddenBiases[j]!);
        return fires(hidden, outputWeights, outputBias);
      },
      says: 'Your hidden neurons pass on their sums. Each of them is a neuron: it has to fire or be silent before the output reads it. Without that, two layers are no more than one.',
    },
    'hidden bias left out': {
      wrong: ({ network, x }) => {
        const net = network as unknown as Network;
        return output({ ...net, hiddenBiases: net.hiddenBiases.map(() => 0) }, x);
      },
      says: 'The hidden biases change nothing in your result.',
    },
    'output bias left out': {
      wrong: ({ network, x }) => output({ ...(network as unknown as Network), outputBias: 0 }, x),
      says: 'The output bias changes nothing in your result.',
    },
    'one bias for all': {
      wrong: ({ network, x }) => {
        const net = network as unknown as Network;
        return output({ ...net, hiddenBiases: net.hiddenBiases.map(() => net.hiddenBiases[0]!) }, x);
      },
      says: 'All your hidden neurons use the bias of the first one. Neuron j has its own: hiddenBiases[j].',
    },
    'hidden edge the wrong way': {
      wrong: ({ network, x }) => {
        const net = network as unknown as Network;
        const hidden = net.hiddenWeights.map((w, j) => (weighted(x, w, net.hiddenBiases[j]!) > 0 ? 1 : 0));
        return fires(hidden, net.outputWeights, net.outputBias);
      },
      says: 'A hidden sum of exactly 0 counts as silent in your version: step(0) = 1, in the hidden layer too.',
    },
    'output edge the wrong way': {
      wrong: ({ network, x }) => {
        const net = network as unknown as Network;
        const hidden = net.hiddenWeights.map((w, j) => fires(x, w, net.hiddenBiases[j]!));
        return weighted(hidden, net.outputWeights, net.outputBias) > 0 ? 1 : 0;
      },
      says: 'An output sum of exactly 0 counts as silent in your version: step(0) = 1, at the output too.',
    },
    'silent without hidden neurons': {
      wrong: ({ network, x }) =>
        (network as unknown as Network).hiddenBiases.length === 0 ? 0 : output(network as unknown as Network, x),
      says: 'Without hidden neurons your network is always silent. The output neuron is still there, and its sum is then its bias.',
    },
    'no step at the output': {
      wrong: ({ network, x }) => {
        const net = network as unknown as Network;
        const hidden = net.hiddenWeights.map((w, j) => fires(x, w, net.hiddenBiases[j]!));
        return sum(hidden.map((v, j) => v * net.outputWeights[j]!)) + net.outputBias;
      },
      says: 'You return the output neuron’s sum. It too has to decide: 0 or 1.',
    },
  },
  hints: [
    'You already have a neuron. A network is neurons that read neurons.',
    'First the hidden layer: h numbers, each from all of x. Then one neuron reads those h numbers.',
    'h_j = step(W_j · x + c_j) for each row j; then y = step(v · h + d).',
    'const hidden = hiddenWeights.map((w, j) => weightedNeuron(x, w, hiddenBiases[j])); then weightedNeuron(hidden, outputWeights, outputBias). Check that there are as many rows as biases.',
  ],
});

const XOR = [0, 1, 1, 0];

/** What each hidden neuron of a network with two inputs says to the four of them, in binary and in no order. */
const neuronsOf = ({ hiddenWeights, hiddenBiases }: Network): number[] =>
  hiddenWeights
    .map((w, j) => allInputs(2).reduce((code, x) => 2 * code + fires(x, w, hiddenBiases[j]!), 0))
    .sort((a, b) => a - b);

const xorNetwork = exercise({
  points: 1,
  uses: ['gate'],
  inputs: {},
  oracle: () => ({ ...goodNetwork }),
  checks: [
    property('the network is XOR on all four inputs', {
      cases: 1,
      holds: ({ y }) => computes(y, XOR),
      reads: (got) => [neuronsOf(got as unknown as Network), answersOf(got, 2)],
    }),
  ],
  misconceptions: {
    'OR instead of XOR': {
      wrong: () => ({
        hiddenWeights: [
          [1, 0],
          [0, 1],
        ],
        hiddenBiases: [-1, -1],
        outputWeights: [1, 1],
        outputBias: -1,
      }),
      says: 'This is OR: it fires for (1, 1) too. A second hidden neuron can notice that both are on.',
    },
    'AND of OR and AND': {
      wrong: () => ({
        hiddenWeights: [
          [1, 1],
          [1, 1],
        ],
        hiddenBiases: [-1, -2],
        outputWeights: [1, 1],
        outputBias: -2,
      }),
      says: 'Your output asks for OR and AND together, which is AND. It has to ask for OR and not AND.',
    },
    'OR at the output': {
      wrong: () => ({
        hiddenWeights: [
          [1, 1],
          [-1, -1],
        ],
        hiddenBiases: [-1, 1],
        outputWeights: [1, 1],
        outputBias: -1,
      }),
      says: 'Your output is content with OR or NAND, and one of them is always on. XOR needs both at once.',
    },
    'NAND off at the edge': {
      wrong: () => ({
        hiddenWeights: [
          [1, 1],
          [-1, -1],
        ],
        hiddenBiases: [-1, 2],
        outputWeights: [1, 1],
        outputBias: -2,
      }),
      says: 'Your NAND neuron fires for (1, 1) as well: its sum there is exactly 0, and step(0) = 1.',
    },
    'AND for NAND': {
      wrong: () => ({
        hiddenWeights: [
          [1, 1],
          [1, 1],
        ],
        hiddenBiases: [-1, -2],
        outputWeights: [1, 1],
        outputBias: -1,
      }),
      says: 'Your network asks for OR or AND, which is OR. The second hidden neuron knows that both are on; it should hold the output back.',
    },
    'the opposite': {
      wrong: () => ({
        hiddenWeights: [
          [1, 1],
          [-1, -1],
        ],
        hiddenBiases: [-1, 1],
        outputWeights: [-1, -1],
        outputBias: 1,
      }),
      says: 'Your network fires when both inputs are equal: that is XNOR, the opposite.',
    },
  },
  hints: [
    'XOR is true when at least one input is on, but not both. Each half of that sentence is a gate you already have.',
    'Two hidden neurons with two weights each, and an output neuron with two weights.',
    'XOR(a, b) = AND(OR(a, b), NAND(a, b)).',
    'hiddenWeights: [gate("OR").weights, gate("NAND").weights], and so on with the biases; the output is gate("AND").',
  ],
});

/** The disjunctive normal form, with the pieces that students get wrong as parameters. */
function dnf(
  table: readonly number[],
  part: {
    bias?: (ones: number, n: number) => number;
    bit?: (k: number, i: number, n: number) => number;
    off?: number;
    outputBias?: number;
  } = {},
): Value {
  const n = Math.log2(table.length);
  const bit = part.bit ?? ((k, i) => Math.floor(k / 2 ** (n - 1 - i)) % 2);
  const rowsOn = [...table.keys()].filter((k) => table[k] === 1);
  const patterns = rowsOn.map((k) => Array.from({ length: n }, (_, i) => bit(k, i, n)));
  return {
    hiddenWeights: patterns.map((p) => p.map((b) => (b ? 1 : (part.off ?? -1)))),
    hiddenBiases: patterns.map((p) => (part.bias ?? ((ones) => -ones))(sum(p), n)),
    outputWeights: patterns.map(() => 1),
    outputBias: part.outputBias ?? -1,
  };
}

const networkFor = exercise({
  points: 3,
  // The rows that are 1, as an axis, and their width: so a counterexample gets fewer ones and then fewer inputs.
  inputs: { width: pattern('n', 0), on: rows('ones', 'n', { min: 0, max: 1, step: 1 }) },
  sizes: { n: [1, 3], ones: [0, 5] },
  derive: ({ width, on }) => {
    const table = new Array<number>(2 ** width.length).fill(0);
    for (const row of on) table[row.reduce((k, bit) => 2 * k + bit, 0)] = 1;
    return { table };
  },
  parameters: ['table'],
  oracle: ({ table }) => dnf(table),
  checks: [
    property<{ table: number[] }>('the network computes the table on every row', {
      cases: 40,
      holds: ({ y }, { table }) => computes(y, table),
      reads: (got, { table }) => answersOf(got, Math.log2(table.length)),
    }),
    property<{ table: number[] }>('constant tables and four inputs work too', {
      fixed: () => [
        { table: [0, 0] },
        { table: [1, 1] },
        { table: [0, 1] },
        { table: [1, 0] },
        { table: [0, 0, 0, 0] },
        { table: [1, 1, 1, 1] },
        { table: [0, 1, 1, 1, 1, 1, 1, 1] },
        { table: Array.from({ length: 16 }, (_, k) => (k % 3 === 1 ? 1 : 0)) },
        { table: Array.from({ length: 16 }, () => 1) },
      ],
      holds: ({ y }, { table }) => computes(y, table),
    }),
    property<{ table: number[] }>('it has one hidden neuron for each 1 in the table', {
      cases: 10,
      holds: ({ y }, { table }) => {
        const ones = sum(table);
        return (
          y.hiddenBiases.length === ones ||
          `${ones} rows of the table are 1; there are ${y.hiddenBiases.length} hidden neurons.`
        );
      },
    }),
    pure({ fixed: () => [{ table: [0, 1, 1, 0] }, { table: [1, 0] }, { table: [0, 0, 0, 0] }] }),
    rejects(
      'a table that is none',
      [
        { table: [] },
        { table: [1] },
        { table: [0, 1, 1] },
        { table: [0, 1, 2, 0] },
        { table: [0, 1, 1, 0, 1] },
        { table: [0, 1, 1, 0, 1, 0] },
        { table: [0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1] },
        { table: [0, -1, 1, 0] },
        { table: [0, 1, 1, 0.5] },
        { table: [Number.NaN, 1] },
        { table: [-1, 1] },
      ],
      { worth: 1 },
    ),
  ],
  misconceptions: {
    'AND threshold n': {
      wrong: ({ table }) => dnf(table, { bias: (_ones, n) => -n }),
      says: 'Each hidden neuron waits for n active inputs, but on its own row only as many are on as the row has 1s.',
    },
    'weight 0 for an input that must be off': {
      wrong: ({ table }) => dnf(table, { off: 0 }),
      says: 'A hidden neuron also fires on rows that have more 1s than its own: nothing holds it back when an input is on that should be off.',
    },
    'bit order reversed': {
      wrong: ({ table }) => dnf(table, { bit: (k, i) => (k >> i) & 1 }),
      says: 'Your table is read from the other end: x_1 is the most significant bit, so table[1] is the row 0 … 0 1.',
    },
    'bits shifted by one': {
      wrong: ({ table }) => dnf(table, { bit: (k, i, n) => (k >> (n - i)) & 1 }),
      says: 'Your bits are one place off: x_1 never comes out as 1, and the last bit of the row number is lost. For i = 0 … n − 1, how far must k be shifted?',
    },
    'bias and weights of the opposite row': {
      wrong: ({ table }) => dnf(table, { bit: (k, i, n) => 1 - (Math.floor(k / 2 ** (n - 1 - i)) % 2) }),
      says: 'Each hidden neuron watches for the opposite of its row: the inputs that should be on have weight −1 there.',
    },
    'a hidden neuron for each 0': {
      wrong: ({ table }) => dnf(table.map((y) => 1 - y)),
      says: 'Your hidden neurons stand for the rows whose output is 0, so the network is the opposite of the table.',
    },
    'output waits for all': {
      wrong: ({ table }) => ({ ...(dnf(table) as ValueRecord), outputBias: -sum(table) }),
      says: 'The output asks for all hidden neurons at once. They are on for different rows, so one of them must be enough.',
    },
    'fires without hidden neurons': {
      wrong: ({ table }) => dnf(table, { outputBias: 0 }),
      says: 'With no hidden neuron active the output’s sum is just its bias, and your output still fires: step(0) = 1.',
    },
    'leading zeros lost': {
      wrong: ({ table }) => {
        const net = dnf(table) as unknown as Network;
        const rowsOn = [...table.keys()].filter((k) => table[k] === 1);
        return {
          ...net,
          hiddenWeights: net.hiddenWeights.map((row, j) => row.slice(-rowsOn[j]!.toString(2).length)),
        };
      },
      says: 'A row number in binary has no leading zeros: 1 is just "1", also in a table of three inputs. Every hidden neuron needs n weights.',
    },
    'AND never reached': {
      wrong: ({ table }) => dnf(table, { bias: (ones) => -ones - 1 }),
      says: 'Your hidden neurons stay silent even on their own row: the sum there must be exactly 0.',
    },
  },
  hints: [
    'Describe the table to a friend: “it is 1 for this row, or for this row, or for this one.” Each row is one AND, and the sentence is an OR of them.',
    'One hidden neuron for each row whose output is 1: n weights of +1 or −1 and a bias. One output weight per hidden neuron.',
    'On its own row a hidden neuron’s weighted sum is the number of 1s in that row, and less on every other row. Which bias brings that to exactly 0?',
    'Bit i of row k is (k >> (n - 1 - i)) & 1. Weights: bit ? 1 : −1. Bias: −(number of 1s in the row). Output: weights 1, bias −1.',
  ],
});

export const neuron = topic('neuron', 'The neuron of 1943', {
  step,
  mpNeuron,
  weightedNeuron,
  gate,
  evaluateNetwork,
  xorNetwork,
  networkFor,
});
