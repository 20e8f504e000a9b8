import type { WrongAnswer } from '../wrong-answer.ts';

export const wrongAnswers: WrongAnswer[] = [
  {
    exercise: 'add',
    mistake: 'the slopes of a product',
    find: 'const slopes = [a, b].map(() => 1);',
    put: 'const slopes = [b, a];',
    causes: ['slopes of a product'],
  },
  {
    exercise: 'add',
    mistake: 'the slopes are the inputs themselves',
    find: 'const slopes = [a, b].map(() => 1);',
    put: 'const slopes = [a, b];',
    causes: ['values for slopes'],
  },
  {
    exercise: 'add',
    mistake: 'only one slope',
    find: 'const slopes = [a, b].map(() => 1);',
    put: 'const slopes = [1];',
    causes: ['one slope for both'],
  },
  {
    exercise: 'mul',
    mistake: 'the slopes not crossed: [a, b]',
    find: 'slopes: [b, a]',
    put: 'slopes: [a, b]',
    causes: ['slopes in the wrong order'],
  },
  {
    exercise: 'mul',
    mistake: 'the slopes of a sum',
    find: 'slopes: [b, a]',
    put: 'slopes: [1, 1]',
    causes: ['slopes of a sum'],
  },
  {
    exercise: 'mul',
    mistake: 'the product itself as slope',
    find: 'slopes: [b, a]',
    put: 'slopes: [a * b, a * b]',
    causes: ['product for slopes'],
  },
  {
    exercise: 'pow',
    mistake: 'the factor n forgotten',
    find: 'Math.pow(a, exponent - 1) * exponent',
    put: 'Math.pow(a, exponent - 1)',
    causes: ['exponent not in front'],
  },
  {
    exercise: 'pow',
    mistake: 'n · aⁿ: the exponent not lowered',
    find: 'Math.pow(a, exponent - 1) * exponent',
    put: 'Math.pow(a, exponent) * exponent',
    causes: ['exponent not lowered'],
  },
  {
    exercise: 'pow',
    mistake: '(n − 1) · aⁿ⁻¹',
    find: 'Math.pow(a, exponent - 1) * exponent',
    put: 'Math.pow(a, exponent - 1) * (exponent - 1)',
    causes: ['both lowered'],
  },
  {
    exercise: 'pow',
    mistake: 'n = 0 not treated: NaN at a = 0',
    find: 'exponent === 0 ? 0 : Math.pow',
    put: 'Math.pow',
    causes: ['NaN for the exponent 0 at 0'],
  },
  {
    exercise: 'pow',
    mistake: 'infinite values and slopes returned',
    find: 'throw new RangeError(`pow: ${a} to the power of ${exponent} has no finite value or slope`);',
    put: ';',
    causes: [],
  },
  {
    exercise: 'pow',
    mistake: 'the slope of the exponent: aⁿ log a',
    find: 'Math.pow(a, exponent - 1) * exponent',
    put: 'Math.pow(a, exponent) * Math.log(a)',
    causes: ['slope of an exponential, or an error'],
  },
  {
    exercise: 'exp',
    mistake: 'slope a · e^(a−1), as for a power',
    find: 'slopes: [Math.exp(a)]',
    put: 'slopes: [a * Math.exp(a - 1)]',
    causes: ['rule of powers'],
  },
  {
    exercise: 'exp',
    mistake: 'slope 1',
    find: 'slopes: [Math.exp(a)]',
    put: 'slopes: [1]',
    causes: ['slope 1'],
  },
  {
    exercise: 'exp',
    mistake: 'slope a: the argument, not the result',
    find: 'slopes: [Math.exp(a)]',
    put: 'slopes: [a]',
    causes: ['input for slope'],
  },
  {
    exercise: 'exp',
    mistake: '2ᵃ',
    find: 'data: Math.exp(a)',
    put: 'data: 2 ** a',
    causes: [],
  },
  {
    exercise: 'tanh',
    mistake: '1 − a²: from the input',
    find: 'slopes: [(1 - t) * (1 + t)]',
    put: 'slopes: [1 - a * a]',
    causes: ['from the input'],
  },
  {
    exercise: 'tanh',
    mistake: '1 − t: the square forgotten',
    find: 'slopes: [(1 - t) * (1 + t)]',
    put: 'slopes: [1 - t]',
    causes: ['square forgotten'],
  },
  {
    exercise: 'tanh',
    mistake: 'the sigmoid’s derivative',
    find: 'slopes: [(1 - t) * (1 + t)]',
    put: 'slopes: [t * (1 - t)]',
    causes: ['derivative of the sigmoid'],
  },
  {
    exercise: 'tanh',
    mistake: 'by exponentials, which overflow',
    find: 'const t = Math.tanh(a);',
    put: 'const t = (Math.exp(a) - Math.exp(-a)) / (Math.exp(a) + Math.exp(-a));',
    causes: ['written with exponentials'],
  },
  {
    exercise: 'relu',
    mistake: 'slope 1 at 0',
    find: 'const on = a > 0 ? 1 : 0;',
    put: 'const on = a >= 0 ? 1 : 0;',
    causes: ['slope 1 at 0'],
  },
  {
    exercise: 'relu',
    mistake: 'the slope is the result',
    find: 'slopes: [on]',
    put: 'slopes: [on * a]',
    causes: ['result for slope'],
  },
  {
    exercise: 'relu',
    mistake: 'slope 1 everywhere',
    find: 'slopes: [on]',
    put: 'slopes: [1]',
    causes: ['slope 1 everywhere'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'the output first',
    find: 'return fromTheEnd.reverse();',
    put: 'return fromTheEnd;',
    causes: ['children first'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'all nodes of the graph, needed or not',
    find: `const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      const left = uses.get(parent)! - 1;
      uses.set(parent, left);
      if (left === 0) ready.push(parent);
    }
  }`,
    put: `const fromTheEnd: number[] = [];
  const seen = new Set<number>();
  for (const start of parents.keys()) {
    if (seen.has(start)) continue;
    seen.add(start);
    const stack = [{ node: start, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const parent = parents[top.node][top.next++];
      if (parent === undefined) fromTheEnd.unshift(stack.pop()!.node);
      else if (!seen.has(parent)) {
        seen.add(parent);
        stack.push({ node: parent, next: 0 });
      }
    }
  }`,
    causes: ['the whole graph'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'breadth first from the output, reversed: a node with a long and a short way comes too late',
    find: `const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      const left = uses.get(parent)! - 1;
      uses.set(parent, left);
      if (left === 0) ready.push(parent);
    }
  }`,
    put: `const fromTheEnd: number[] = [output];
  const seen = new Set(fromTheEnd);
  for (const node of fromTheEnd) {
    for (const parent of parents[node]) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      fromTheEnd.push(parent);
    }
  }`,
    causes: ['by distance'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'a function that calls itself: deep chains overflow the stack',
    find: `const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      const left = uses.get(parent)! - 1;
      uses.set(parent, left);
      if (left === 0) ready.push(parent);
    }
  }`,
    put: `const fromTheEnd: number[] = [];
  const seen = new Set<number>();
  const visit = (node: number): void => {
    if (seen.has(node)) return;
    seen.add(node);
    parents[node].forEach(visit);
    fromTheEnd.unshift(node);
  };
  visit(output);`,
    causes: ['recursion'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'nodes are not marked: a node that is used twice stands there twice',
    find: `const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      const left = uses.get(parent)! - 1;
      uses.set(parent, left);
      if (left === 0) ready.push(parent);
    }
  }`,
    put: `const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) ready.push(parent);
  }`,
    causes: ['once for every use'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'the output left out',
    find: 'fromTheEnd.push(node);',
    put: 'if (node !== output) fromTheEnd.push(node);',
    causes: ['output left out'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'leaves left out',
    find: 'fromTheEnd.push(node);',
    put: 'if (parents[node].length > 0) fromTheEnd.push(node);',
    causes: [],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'sorted by number',
    find: 'return fromTheEnd.reverse();',
    put: 'return fromTheEnd.sort((p, q) => p - q);',
    causes: ['by number'],
  },
  {
    exercise: 'topologicalOrder',
    mistake: 'depth first, each node noted before its parents',
    find: `const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      const left = uses.get(parent)! - 1;
      uses.set(parent, left);
      if (left === 0) ready.push(parent);
    }
  }`,
    put: `const fromTheEnd: number[] = [];
  const ready = [output];
  const seen = new Set(ready);
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      ready.push(parent);
    }
  }`,
    causes: ['listed when taken from the stack'],
  },
  {
    exercise: 'backward',
    mistake: '= for +=: a node that is used twice keeps only one way',
    find: 'd[parent] += d[node] * slopes[node][k];',
    put: 'd[parent] = d[node] * slopes[node][k];',
    causes: ['= for +='],
  },
  {
    exercise: 'backward',
    mistake: 'earlier gradients are overwritten',
    find: 'grads.map((before, i) => before + d[i])',
    put: 'grads.map((_, i) => d[i])',
    causes: ['old gradients overwritten'],
  },
  {
    exercise: 'backward',
    mistake: 'the walk goes on from the sums of both passes',
    find: `const d = new Float64Array(parents.length);
  d[output] = 1;`,
    put: `const d = Float64Array.from(grads);
  d[output] += 1;
  grads = grads.map(() => 0);`,
    causes: ['old gradients handed down'],
  },
  {
    exercise: 'backward',
    mistake: 'the output’s own gradient is not 1 in the result',
    find: 'grads.map((before, i) => before + d[i])',
    put: 'grads.map((before, i) => (i === output ? before : before + d[i]))',
    causes: ['output left as it was'],
  },
  {
    exercise: 'backward',
    mistake: 'the walk from the front of the order',
    find: 'const node = order.pop()!;',
    put: 'const node = order.shift()!;',
    causes: ['leaves first'],
  },
  {
    exercise: 'backward',
    mistake: 'the slope alone: not multiplied by the gradient above',
    find: 'd[node] * slopes[node][k]',
    put: 'slopes[node][k]',
    causes: ['slopes not multiplied'],
  },
  {
    exercise: 'backward',
    mistake: 'slopes of the parent instead of the node',
    find: 'd[node] * slopes[node][k]',
    put: 'd[node] * (slopes[parent][k] ?? 1)',
    causes: [],
  },
  {
    exercise: 'backward',
    mistake: 'one slope for all parents',
    find: 'slopes[node][k];',
    put: 'slopes[node][0];',
    causes: ['first slope for all'],
  },
  {
    exercise: 'backward',
    mistake: 'grads changed in place',
    find: 'return grads.map((before, i) => before + d[i]);',
    put: `grads.forEach((before, i) => (grads[i] = before + d[i]));
  return grads;`,
    causes: [],
  },
  {
    exercise: 'backward',
    mistake: 'all nodes by number in place of a topological order',
    find: 'const order = topologicalOrder(parents, output);',
    put: 'const order = parents.map((_, i) => i);',
    causes: ['by number'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'a factor ½ in the loss',
    find: 'const loss = miss.mul(miss);',
    put: 'const loss = miss.mul(miss).mul(0.5);',
    causes: ['half the loss'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'no tanh',
    find: 'const miss = sum.tanh().sub(target);',
    put: 'const miss = sum.sub(target);',
    causes: ['no tanh at all'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'the bias forgotten',
    find: 'total.add(weight.mul(x[i])), bias)',
    put: 'total.add(weight.mul(x[i])), new Value(0))',
    causes: ['bias left out'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'backward called on y instead of the loss',
    find: 'loss.backward();',
    put: 'miss.backward();',
    causes: ['gradient of the output'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'the gradient of x instead of w',
    find: 'dw: weights.map(({ grad }) => grad)',
    put: 'dw: weights.map(({ data }) => data * (bias.grad))',
    causes: ['gradient of the inputs'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'backward called twice',
    find: 'loss.backward();',
    put: `loss.backward();
  loss.backward();`,
    causes: ['backward called twice'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'backward never called',
    find: 'loss.backward();',
    put: '',
    causes: ['no backward pass'],
  },
  {
    exercise: 'neuronGradient',
    mistake: 'the error, not squared',
    find: 'const loss = miss.mul(miss);',
    put: 'const loss = miss;',
    causes: ['error not squared'],
  },
];
