import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'partials',
    mistake: 'only the way through q: the product rule forgotten',
    find: 'dx: direct + through',
    put: 'dx: through',
    causes: ['only the way through q'],
  },
  {
    exercise: 'partials',
    mistake: 'only the direct factor: x inside q overlooked',
    find: 'dx: direct + through',
    put: 'dx: direct',
    causes: ['only the direct way'],
  },
  {
    exercise: 'partials',
    mistake: 'the 2 of the square’s derivative forgotten',
    find: 'const dq = ds * 2 * q;',
    put: 'const dq = ds * q;',
    causes: ['the 2 of the square missing'],
  },
  {
    exercise: 'partials',
    mistake: 'derivative of q² with the factor x forgotten',
    find: 'const dq = ds * 2 * q;',
    put: 'const dq = 2 * q;',
    causes: ['factor x dropped'],
  },
  {
    exercise: 'partials',
    mistake: '∂q/∂y taken to be y instead of x',
    find: 'dy: dq * x',
    put: 'dy: dq * y',
    causes: [],
  },
  {
    exercise: 'partials',
    mistake: 'q computed as x + y·z',
    find: 'const q = y * x + z;',
    put: 'const q = x + y * z;',
    causes: [],
  },
  {
    exercise: 'partials',
    mistake: 'f without the factor x',
    find: 'f: direct * x',
    put: 'f: direct',
    causes: [],
  },
  {
    exercise: 'vectorJacobianProduct',
    mistake: 'J times dy instead of dy times J, over the wrong index',
    find: `const dx = new Float64Array(n);
  for (let i = m - 1; i >= 0; i--) {
    for (let j = 0; j < n; j++) dx[j] += J.data[i * n + j] * dy.data[i];
  }
  return new Tensor([n], dx);`,
    put: 'return J.matmul(dy);',
    causes: ['Jacobian the wrong way round'],
  },
  {
    exercise: 'vectorJacobianProduct',
    mistake: 'only the diagonal of the Jacobian counted',
    find: 'dx[j] += J.data[i * n + j] * dy.data[i];',
    put: 'if (i === j) dx[j] += J.data[i * n + j] * dy.data[i];',
    causes: ['diagonal only'],
  },
  {
    exercise: 'vectorJacobianProduct',
    mistake: '= for +=, so only one output counts',
    find: 'dx[j] += J.data[i * n + j] * dy.data[i];',
    put: 'dx[j] = J.data[i * n + j] * dy.data[i];',
    causes: ['first output only'],
  },
  {
    exercise: 'vectorJacobianProduct',
    mistake: 'upstream gradient ignored: columns of J summed',
    find: 'dx[j] += J.data[i * n + j] * dy.data[i];',
    put: 'dx[j] += J.data[i * n + j];',
    causes: ['upstream forgotten'],
  },
  {
    exercise: 'vectorJacobianProduct',
    mistake: 'no check that dy fits J',
    find: 'if (dy.size !== m) throw new ShapeError(`dy has ${dy.size} entries, J has ${m} rows`);',
    put: '',
    causes: [],
  },
  {
    exercise: 'vectorJacobianProduct',
    mistake: 'J read as if it were stored column by column',
    find: 'J.data[i * n + j]',
    put: 'J.data[j * m + i]',
    causes: ['read column by column'],
  },
  {
    exercise: 'backThroughChain',
    mistake: 'the Jacobians taken in the order of the steps',
    find: 'jacobians.reduceRight(',
    put: 'jacobians.reduce(',
    causes: ['walked forward'],
  },
  {
    exercise: 'backThroughChain',
    mistake: 'the first step left out',
    find: 'jacobians.reduceRight(',
    put: 'jacobians.slice(1).reduceRight(',
    causes: ['first step left out'],
  },
  {
    exercise: 'backThroughChain',
    mistake: 'the last step left out',
    find: 'jacobians.reduceRight(',
    put: 'jacobians.slice(0, -1).reduceRight(',
    causes: ['last step left out'],
  },
  {
    exercise: 'backThroughChain',
    mistake: 'only one step taken: the last Jacobian',
    find: 'return jacobians.reduceRight((gradient, J) => vectorJacobianProduct(gradient, J), dy);',
    put: 'return jacobians.length === 0 ? dy : vectorJacobianProduct(dy, jacobians[jacobians.length - 1]);',
    causes: ['last step only'],
  },
  {
    exercise: 'backThroughChain',
    mistake: 'every step starts again from dy',
    find: 'vectorJacobianProduct(gradient, J), dy)',
    put: 'vectorJacobianProduct(dy, J), dy)',
    causes: ['every step from dy'],
  },
  {
    exercise: 'sumToShape',
    mistake: 'only the missing axes on the left are summed, of a kept axis of length 1 the first entry is taken',
    find: 'total[sourceOf(flat, g.shape, shape)] += value;',
    put: `const at = sourceOf(flat, g.shape, shape);
    const inFirst = shape.every((length, k) => {
      const stride = g.shape.slice(missing + k + 1).reduce((p, l) => p * l, 1);
      return length !== 1 || Math.floor(flat / stride) % g.shape[missing + k] === 0;
    });
    if (inFirst) total[at] += value;`,
    causes: [],
  },
  {
    exercise: 'sumToShape',
    mistake: '= for +=: the last of the repeated entries is kept',
    find: 'total[sourceOf(flat, g.shape, shape)] += value;',
    put: 'total[sourceOf(flat, g.shape, shape)] = value;',
    causes: ['last instead of sum'],
  },
  {
    exercise: 'sumToShape',
    mistake: 'mean over the repeats instead of the sum',
    find: 'return new Tensor(shape, total);',
    put: 'return new Tensor(shape, total).mul(g.size === 0 ? 1 : total.length / g.size);',
    causes: ['mean for sum'],
  },
  {
    exercise: 'sumToShape',
    mistake: 'axes of length 1 that were repeated are dropped from the shape',
    find: 'return new Tensor(shape, total);',
    put: 'return new Tensor(shape.filter((length) => length !== 1), total);',
    causes: ['axis of length 1 dropped'],
  },
  {
    exercise: 'sumToShape',
    mistake: 'shapes aligned on the left instead of the right',
    find: 'total[sourceOf(flat, g.shape, shape)] += value;',
    put: `let index = 0;
    shape.forEach((length, k) => {
      const stride = g.shape.slice(k + 1).reduce((p, l) => p * l, 1);
      index = index * length + (Math.floor(flat / stride) % length);
    });
    total[index] += value;`,
    causes: ['shapes written from the left', 'aligned on the left'],
  },
  {
    exercise: 'sumToShape',
    mistake: 'no check that the shape could have been broadcast',
    find: "throw new ShapeError(`(${shape.join(', ')}) cannot be broadcast to (${g.shape.join(', ')})`);",
    put: '',
    causes: [],
  },
  {
    exercise: 'mulForward',
    mistake: 'the matrix product instead of entry by entry',
    find: 'const y = b.mul(a);',
    put: 'const y = a.matmul(b);',
    causes: ['matrix product'],
  },
  {
    exercise: 'mulForward',
    mistake: 'sum instead of product',
    find: 'const y = b.mul(a);',
    put: 'const y = b.add(a);',
    causes: ['added instead of multiplied'],
  },
  {
    exercise: 'mulBackward',
    mistake: 'own factor instead of the other one',
    find: `da[i] += dy.data[flat] * b.data[j];
    db[j] += dy.data[flat] * a.data[i];`,
    put: `da[i] += dy.data[flat] * a.data[i];
    db[j] += dy.data[flat] * b.data[j];`,
    causes: ['factors swapped'],
  },
  {
    exercise: 'mulBackward',
    mistake: 'db not multiplied by the upstream gradient',
    find: 'db[j] += dy.data[flat] * a.data[i];',
    put: 'db[j] += a.data[i];',
    causes: [],
  },
  {
    exercise: 'mulBackward',
    mistake: '= for += in both: no sum over the repeats',
    find: `da[i] += dy.data[flat] * b.data[j];
    db[j] += dy`,
    put: `da[i] = dy.data[flat] * b.data[j];
    db[j] = dy`,
    causes: ['last copy wins'],
  },
  {
    exercise: 'mulBackward',
    mistake: 'the gradients are left in the broadcast shape',
    find: `const da = new Float64Array(a.size);
  const db = new Float64Array(b.size);
  for (let flat = 0; flat < dy.size; flat++) {
    const i = sourceOf(flat, dy.shape, a.shape);
    const j = sourceOf(flat, dy.shape, b.shape);
    da[i] += dy.data[flat] * b.data[j];
    db[j] += dy.data[flat] * a.data[i];
  }
  return { da: new Tensor(a.shape, da), db: new Tensor(b.shape, db) };`,
    put: 'return { da: dy.mul(b), db: dy.mul(a) };',
    causes: ['broadcast not summed away'],
  },
  {
    exercise: 'mulBackward',
    mistake: 'the two gradients swapped by name: da is what belongs to b',
    find: 'return { da: new Tensor(a.shape, da), db: new Tensor(b.shape, db) };',
    put: 'return { da: new Tensor(b.shape, db), db: new Tensor(a.shape, da) };',
    causes: [],
  },
];
