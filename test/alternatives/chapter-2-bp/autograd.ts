/** Chapter 2, automatic differentiation, in another style: Kahn's order by counting uses, gradients pushed from node to node. */

export interface Local {
  data: number;
  slopes: number[];
}

export interface Graph {
  parents: number[][];
  slopes: number[][];
}

export function add(a: number, b: number): Local {
  const slopes = [a, b].map(() => 1);
  return { data: b + a, slopes };
}

export function mul(a: number, b: number): Local {
  return { data: b * a, slopes: [b, a] };
}

export function pow(a: number, exponent: number): Local {
  const data = Math.pow(a, exponent);
  const slope = exponent === 0 ? 0 : Math.pow(a, exponent - 1) * exponent;
  for (const value of [data, slope]) {
    if (!Number.isFinite(value))
      throw new RangeError(`pow: ${a} to the power of ${exponent} has no finite value or slope`);
  }
  return { data, slopes: [slope] };
}

export function exp(a: number): Local {
  return { data: Math.exp(a), slopes: [Math.exp(a)] };
}

export function tanh(a: number): Local {
  const t = Math.tanh(a);
  return { data: t, slopes: [(1 - t) * (1 + t)] };
}

export function relu(a: number): Local {
  const on = a > 0 ? 1 : 0;
  return { data: on === 1 ? a : 0, slopes: [on] };
}

function needNode(parents: number[][], output: number): void {
  if (!Number.isInteger(output) || output < 0 || output >= parents.length) {
    throw new RangeError(`node ${output} is not in a graph of ${parents.length} nodes`);
  }
}

export function topologicalOrder(parents: number[][], output: number): number[] {
  needNode(parents, output);
  // How often each node is used by the nodes that the output depends on.
  const uses = new Map<number, number>([[output, 0]]);
  const waiting = [output];
  while (waiting.length > 0) {
    const node = waiting.pop()!;
    for (const parent of parents[node]) {
      if (!uses.has(parent)) waiting.push(parent);
      uses.set(parent, (uses.get(parent) ?? 0) + 1);
    }
  }
  const fromTheEnd: number[] = [];
  const ready = [output];
  while (ready.length > 0) {
    const node = ready.pop()!;
    fromTheEnd.push(node);
    for (const parent of parents[node]) {
      const left = uses.get(parent)! - 1;
      uses.set(parent, left);
      if (left === 0) ready.push(parent);
    }
  }
  return fromTheEnd.reverse();
}

export function backward(graph: Graph, output: number, grads: number[]): number[] {
  const { parents, slopes } = graph;
  needNode(parents, output);
  if (grads.length !== parents.length)
    throw new RangeError(`backward: ${grads.length} grads for ${parents.length} nodes`);
  const d = new Float64Array(parents.length);
  d[output] = 1;
  const order = topologicalOrder(parents, output);
  while (order.length > 0) {
    const node = order.pop()!;
    parents[node].forEach((parent, k) => {
      d[parent] += d[node] * slopes[node][k];
    });
  }
  return grads.map((before, i) => before + d[i]);
}

export class Value {
  readonly data: number;
  grad = 0;
  readonly parents: readonly Value[];
  readonly slopes: readonly number[];

  constructor(local: number | Local, parents: readonly Value[] = []) {
    this.data = typeof local === 'number' ? local : local.data;
    this.slopes = typeof local === 'number' ? [] : local.slopes;
    this.parents = parents;
  }

  add(other: Value | number): Value {
    const b = toValue(other);
    return new Value(add(this.data, b.data), [this, b]);
  }
  mul(other: Value | number): Value {
    const b = toValue(other);
    return new Value(mul(this.data, b.data), [this, b]);
  }
  pow(exponent: number): Value {
    return new Value(pow(this.data, exponent), [this]);
  }
  exp(): Value {
    return new Value(exp(this.data), [this]);
  }
  tanh(): Value {
    return new Value(tanh(this.data), [this]);
  }
  relu(): Value {
    return new Value(relu(this.data), [this]);
  }
  sub(other: Value | number): Value {
    return this.add(toValue(other).mul(-1));
  }
  div(other: Value | number): Value {
    return this.mul(toValue(other).pow(-1));
  }

  backward(): void {
    const nodes: Value[] = [this];
    const number = new Map<Value, number>([[this, 0]]);
    // The list grows while it is walked: each node adds the parents that have no number yet.
    for (const node of nodes) {
      for (const parent of node.parents) {
        if (number.has(parent)) continue;
        number.set(parent, nodes.length);
        nodes.push(parent);
      }
    }
    const parents = nodes.map((node) => node.parents.map((parent) => number.get(parent)!));
    const slopes = nodes.map((node) => [...node.slopes]);
    const grads = nodes.map((node) => node.grad);
    backward({ parents, slopes }, 0, grads).forEach((grad, i) => (nodes[i].grad = grad));
  }
}

const toValue = (x: Value | number): Value => (typeof x === 'number' ? new Value(x) : x);

export interface NeuronGradient {
  loss: number;
  dw: number[];
  db: number;
}

export function neuronGradient(x: number[], w: number[], b: number, target: number): NeuronGradient {
  if (x.length !== w.length) throw new RangeError(`neuronGradient: ${x.length} inputs, but ${w.length} weights`);
  const weights = w.map((weight) => new Value(weight));
  const bias = new Value(b);
  const sum = weights.reduce((total, weight, i) => total.add(weight.mul(x[i])), bias);
  const miss = sum.tanh().sub(target);
  const loss = miss.mul(miss);
  loss.backward();
  return { loss: loss.data, dw: weights.map(({ grad }) => grad), db: bias.grad };
}
