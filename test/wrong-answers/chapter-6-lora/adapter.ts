import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'adapterInit',
    mistake: 'wUp starts at random numbers, too.',
    find: 'wUp: zeros(C, m), bUp',
    put: 'wUp: z.T.mul(1 / Math.sqrt(C)), bUp',
    causes: ['wUp not zero', 'wUp random by its own width'],
  },
  {
    exercise: 'adapterInit',
    mistake: 'Divided by the root of the bottleneck.',
    find: 'wDown: z.mul(1 / Math.sqrt(C)),',
    put: 'wDown: z.mul(1 / Math.sqrt(m)),',
    causes: ['divided by the root of m'],
  },
  {
    exercise: 'adapterInit',
    mistake: 'Not divided by anything.',
    find: 'wDown: z.mul(1 / Math.sqrt(C)),',
    put: 'wDown: z,',
    causes: ['wDown as large as z'],
  },
  {
    exercise: 'adapterInit',
    mistake: 'Everything starts at zero.',
    find: 'wDown: z.mul(1 / Math.sqrt(C)),',
    put: 'wDown: z.mul(0),',
    causes: ['both matrices zero'],
  },
  {
    exercise: 'adapterInit',
    mistake: 'Divided by C.',
    find: 'wDown: z.mul(1 / Math.sqrt(C)),',
    put: 'wDown: z.mul(1 / C),',
    causes: ['divided by C'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'What came in is not added.',
    find: 'y.data[k] = x.data[k] + change.data[k];',
    put: 'y.data[k] = change.data[k];',
    causes: ['x not added'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'What came in is added twice.',
    find: 'y.data[k] = x.data[k] + change.data[k];',
    put: 'y.data[k] = 2 * x.data[k] + change.data[k];',
    causes: ['x added twice'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'No bend between the two matrices.',
    find: 'const { y: h, cache: gelu } = geluForward(z);',
    put: `const { cache: gelu } = geluForward(z);
  const h = z;`,
    causes: ['no bend'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'A ReLU for the bend.',
    find: 'const { y: h, cache: gelu } = geluForward(z);',
    put: `const { cache: gelu } = geluForward(z);
  const h = z.maximum(0);`,
    causes: ['ReLU for GELU'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'The bend stands behind the second matrix.',
    find: `  const { y: h, cache: gelu } = geluForward(z);
  const { y: change, cache: up } = projectForward(h, wUp, bUp);`,
    put: `  const { y: out, cache: up } = projectForward(z, wUp, bUp);
  const { y: change, cache: gelu } = geluForward(out);`,
    causes: ['bend at the end'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'The upper bias is forgotten.',
    find: 'projectForward(h, wUp, bUp);',
    put: 'projectForward(h, wUp, bUp.mul(0));',
    causes: ['bUp left out'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'The lower bias is forgotten.',
    find: 'projectForward(x, wDown, bDown);',
    put: 'projectForward(x, wDown, bDown.mul(0));',
    causes: ['bDown left out'],
  },
  {
    exercise: 'adapterForward',
    mistake: 'The bend is the approximation with tanh.',
    find: 'const { y: h, cache: gelu } = geluForward(z);',
    put: `const { cache: gelu } = geluForward(z);
  const h = z.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))));`,
    causes: ['the approximation by tanh'],
  },
  {
    exercise: 'adapterBackward',
    mistake: 'dx is dy alone: the detour is forgotten.',
    find: 'dx: up.add(dz.matmul(wDown)).reshape(...dy.shape),',
    put: 'dx: up.reshape(...dy.shape),',
    causes: ['only straight'],
  },
  {
    exercise: 'adapterBackward',
    mistake: 'dx is the detour alone: the straight way is forgotten.',
    find: 'dx: up.add(dz.matmul(wDown)).reshape(...dy.shape),',
    put: 'dx: dz.matmul(wDown).reshape(...dy.shape),',
    causes: ['only along the detour'],
  },
  {
    exercise: 'adapterBackward',
    mistake: "The bend's slope is forgotten.",
    find: 'const dz = up.matmul(wUp).mul(below.add(z.mul(density)));',
    put: 'const dz = up.matmul(wUp);',
    causes: ['bend passed over'],
  },
  {
    exercise: 'adapterBackward',
    mistake: 'The slope of the bend is Φ alone.',
    find: 'const dz = up.matmul(wUp).mul(below.add(z.mul(density)));',
    put: 'const dz = up.matmul(wUp).mul(below);',
    causes: ['half of the slope'],
  },
  {
    exercise: 'adapterBackward',
    mistake: "The bend's slope is taken at what came out of it.",
    find: `  const h = z.mul(below);
  const dz = up.matmul(wUp).mul(below.add(z.mul(density)));`,
    put: `  const h = z.mul(below);
  const slope = h.map((v) => erfc(-v / Math.SQRT2) / 2 + (v * Math.exp((-v * v) / 2)) / Math.sqrt(2 * Math.PI));
  const dz = up.matmul(wUp).mul(slope);`,
    causes: ['slope at what came out of the bend'],
  },
  {
    exercise: 'adapterBackward',
    mistake: "wUp's gradient is made with what goes into the bend.",
    find: 'wUp: h.T.matmul(up).T,',
    put: 'wUp: z.T.matmul(up).T,',
    causes: ['wUp’s gradient from before the bend'],
  },
  {
    exercise: 'adapterBackward',
    mistake: 'The biases get means over the tokens.',
    find: '      bDown: dz.sum(0),',
    put: '      bDown: dz.mean(0),',
    causes: [],
  },
  {
    exercise: 'adapterBackward',
    mistake: 'The lower bias gets its gradient in front of the bend.',
    find: '      bDown: dz.sum(0),',
    put: '      bDown: up.matmul(wUp).sum(0),',
    causes: ['bDown’s gradient past the bend'],
  },
  {
    exercise: 'adapterBackward',
    mistake: "The upper bias's gradient is summed over the first axis only.",
    find: 'bUp: up.sum(0),',
    put: 'bUp: dy.sum(0),',
    causes: ['biases summed over the first axis only', 'bUp summed over the first axis only'],
  },
  {
    exercise: 'adapterBackward',
    mistake: "wDown's gradient is transposed.",
    find: 'wDown: x.T.matmul(dz).T,',
    put: 'wDown: x.T.matmul(dz),',
    causes: [],
  },
  {
    exercise: 'adapterParameterCount',
    mistake: 'One adapter for each block.',
    find: 'return 2 * layers * (down + up);',
    put: 'return layers * (down + up);',
    causes: ['one adapter in each block'],
  },
  {
    exercise: 'adapterParameterCount',
    mistake: 'The biases are forgotten.',
    find: `  const down = (dModel + 1) * bottleneck;
  const up = (bottleneck + 1) * dModel;`,
    put: `  const down = dModel * bottleneck;
  const up = bottleneck * dModel;`,
    causes: ['biases left out'],
  },
  {
    exercise: 'adapterParameterCount',
    mistake: "The biases are exchanged: each matrix gets the other's once more.",
    find: `  const down = (dModel + 1) * bottleneck;
  const up = (bottleneck + 1) * dModel;`,
    put: `  const down = (dModel + 1) * bottleneck;
  const up = (bottleneck + 1) * bottleneck;`,
    causes: [],
  },
  {
    exercise: 'adapterParameterCount',
    mistake: 'The upper bias is forgotten.',
    find: 'const up = (bottleneck + 1) * dModel;',
    put: 'const up = bottleneck * dModel;',
    causes: ['down’s bias alone'],
  },
  {
    exercise: 'adapterParameterCount',
    mistake: 'Only the way down is counted.',
    find: 'return 2 * layers * (down + up);',
    put: 'return 2 * layers * down;',
    causes: ['one matrix of each adapter', 'the way down only'],
  },
];
