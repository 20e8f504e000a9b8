/**
 * A small reverse-mode tape of scalars. An oracle's forward definition is written on it once, one number at a time; its
 * values judge the forward pass and its derivatives the backward pass. It also measures how near the inputs are to a kink,
 * where a derivative is nobody's. `test/engine/tape.test.ts` checks every operation against central differences.
 *
 * Source: Griewank & Walther, Evaluating Derivatives (2008), ch. 3 (reverse mode).
 */
import { Tensor, erf } from '#tensor';
import { describe, isRecord, type Value, type ValueRecord } from './value.ts';

/** Distance to the nearest kink met so far; see {@link trace}. */
let nearestKink = Infinity;

/** A number that remembers how it was computed. */
export class Var {
  readonly value: number;
  readonly parents: readonly Var[];
  /** ∂this/∂parent, for each parent. */
  readonly slopes: readonly number[];
  /** ∂(what was differentiated)/∂this, filled by {@link differentiate}. */
  grad = 0;
  /** The number of the walk that has been here last; see {@link topological}. */
  walk = 0;

  constructor(value: number, parents: readonly Var[] = [], slopes: readonly number[] = []) {
    this.value = value;
    this.parents = parents;
    this.slopes = slopes;
  }

  add(o: Var | number): Var {
    if (typeof o === 'number') return new Var(this.value + o, [this], [1]);
    return new Var(this.value + o.value, [this, o], [1, 1]);
  }
  sub(o: Var | number): Var {
    if (typeof o === 'number') return new Var(this.value - o, [this], [1]);
    return new Var(this.value - o.value, [this, o], [1, -1]);
  }
  mul(o: Var | number): Var {
    if (typeof o === 'number') return new Var(this.value * o, [this], [o]);
    return new Var(this.value * o.value, [this, o], [o.value, this.value]);
  }
  div(o: Var | number): Var {
    if (typeof o === 'number') return new Var(this.value / o, [this], [1 / o]);
    return new Var(this.value / o.value, [this, o], [1 / o.value, -this.value / (o.value * o.value)]);
  }
  neg(): Var {
    return new Var(-this.value, [this], [-1]);
  }
  /** x to a constant power. */
  pow(n: number): Var {
    return new Var(this.value ** n, [this], [n === 0 ? 0 : n * this.value ** (n - 1)]);
  }
  sqrt(): Var {
    const root = Math.sqrt(this.value);
    return new Var(root, [this], [1 / (2 * root)]);
  }
  exp(): Var {
    const e = Math.exp(this.value);
    return new Var(e, [this], [e]);
  }
  log(): Var {
    return new Var(Math.log(this.value), [this], [1 / this.value]);
  }
  sin(): Var {
    return new Var(Math.sin(this.value), [this], [Math.cos(this.value)]);
  }
  cos(): Var {
    return new Var(Math.cos(this.value), [this], [-Math.sin(this.value)]);
  }
  tanh(): Var {
    const t = Math.tanh(this.value);
    return new Var(t, [this], [1 - t * t]);
  }
  /** 1 / (1 + e^−x), from the side that cannot overflow. */
  sigmoid(): Var {
    const e = Math.exp(-Math.abs(this.value));
    const s = this.value >= 0 ? 1 / (1 + e) : e / (1 + e);
    return new Var(s, [this], [e / ((1 + e) * (1 + e))]);
  }
  erf(): Var {
    return new Var(erf(this.value), [this], [(2 / Math.sqrt(Math.PI)) * Math.exp(-this.value * this.value)]);
  }
  /** max(x, 0); its derivative at 0 is 0 by the course's convention. */
  relu(): Var {
    kink(this.value);
    return new Var(Math.max(this.value, 0), [this], [this.value > 0 ? 1 : 0]);
  }
  abs(): Var {
    kink(this.value);
    return new Var(Math.abs(this.value), [this], [Math.sign(this.value)]);
  }
}

function kink(distance: number): void {
  nearestKink = Math.min(nearestKink, Math.abs(distance));
}

/** Σ of Vars; 0 for none. */
export function sum(terms: readonly Var[]): Var {
  return new Var(
    terms.reduce((s, t) => s + t.value, 0),
    terms,
    terms.map(() => 1),
  );
}

/** Σ a_i b_i of two lists of equal length. */
export function dot(a: readonly Var[], b: readonly Var[]): Var {
  if (a.length !== b.length) throw new Error(`A dot product of ${a.length} numbers with ${b.length}.`);
  const parents = a.concat(b);
  const slopes = new Array<number>(parents.length);
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    slopes[i] = b[i]!.value;
    slopes[a.length + i] = a[i]!.value;
    total += a[i]!.value * b[i]!.value;
  }
  return new Var(total, parents, slopes);
}

/** The mean of Vars. */
export const mean = (terms: readonly Var[]): Var => sum(terms).div(terms.length);

/** The largest of Vars; the gap to the runner-up counts as the distance to a kink. */
export function max(terms: readonly Var[]): Var {
  const sorted = [...terms].sort((a, b) => b.value - a.value);
  if (sorted.length > 1) kink(sorted[0]!.value - sorted[1]!.value);
  return sorted[0]!;
}

/** Softmax of a list: exp(x_i − m) / Σ exp(x_j − m), with the constant m = max x. */
export function softmax(terms: readonly Var[]): Var[] {
  const m = Math.max(...terms.map((t) => t.value));
  const e = terms.map((t) => t.sub(m).exp());
  const z = sum(e);
  return e.map((x) => x.div(z));
}

/** 0 … n − 1, mapped. */
export function range<T>(n: number, f: (i: number) => T): T[] {
  const list: T[] = [];
  for (let i = 0; i < n; i++) list.push(f(i));
  return list;
}

/** A tensor of Vars. */
export class VarTensor {
  readonly shape: readonly number[];
  readonly data: readonly Var[];

  constructor(shape: readonly number[], data: readonly Var[]) {
    this.shape = shape;
    this.data = data;
  }

  /** The entry at an index per axis. */
  at(...index: number[]): Var {
    return this.data[index.reduce((at, i, axis) => at * this.shape[axis]! + i, 0)]!;
  }
}

/** A tensor of Vars by its entries: `table([n, m], (i, j) => …)`. */
export function table(shape: readonly number[], entry: (...index: number[]) => Var): VarTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return new VarTensor(
    shape,
    range(size, (flat) => {
      const index = new Array<number>(shape.length);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const length = shape[axis]!;
        index[axis] = flat % length;
        flat = (flat - index[axis]!) / length;
      }
      return entry(...index);
    }),
  );
}

/** A value with Vars in place of numbers. */
export type Lifted<T> = T extends number
  ? Var
  : T extends Tensor
    ? VarTensor
    : T extends (infer E)[]
      ? Lifted<E>[]
      : T extends string | boolean | null | undefined
        ? T
        : { [K in keyof T]: Lifted<T[K]> };

/** What a definition on the tape returns: plain data with Vars for numbers. */
export type VarTree =
  Var | VarTensor | number | string | boolean | null | undefined | VarTree[] | { [key: string]: VarTree };

/** A forward definition on the tape. Discrete inputs named in `plain` stay ordinary values. */
export type Definition<I> = (inputs: I) => VarTree;

function lift(value: Value): unknown {
  if (typeof value === 'number') return new Var(value);
  if (value instanceof Tensor)
    return new VarTensor(
      value.shape,
      Array.from(value.data, (x) => new Var(x)),
    );
  if (Array.isArray(value)) return value.map(lift);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, lift(v)]));
  return value;
}

function lower(tree: VarTree, f: (v: Var) => number): Value {
  if (tree instanceof Var) return f(tree);
  if (tree instanceof VarTensor) {
    const data = new Float64Array(tree.data.length);
    for (let i = 0; i < data.length; i++) data[i] = f(tree.data[i]!);
    return new Tensor(tree.shape, data);
  }
  if (Array.isArray(tree)) return tree.map((t) => lower(t, f));
  if (typeof tree === 'object' && tree !== null)
    return Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, lower(v, f)]));
  return tree;
}

/**
 * Var by Var beside the number of the same place in a value of the same form.
 *
 * @throws Error where the forms differ, which is an author's mistake and would otherwise become a NaN
 */
function pair(tree: VarTree, value: Value, out: [Var, number][]): void {
  const refuse = (want: string): never => {
    throw new Error(`The upstream gradient of ${want} is ${describe(value)}.`);
  };
  if (tree instanceof Var) out.push([tree, typeof value === 'number' ? value : refuse('a number')]);
  else if (tree instanceof VarTensor) {
    if (!(value instanceof Tensor) || value.shape.join() !== tree.shape.join())
      return refuse(`an output of shape (${tree.shape.join(', ')})`);
    tree.data.forEach((v, i) => out.push([v, value.data[i]!]));
  } else if (Array.isArray(tree)) {
    if (!Array.isArray(value) || value.length !== tree.length) return refuse(`a list of ${tree.length}`);
    tree.forEach((t, i) => pair(t, value[i], out));
  } else if (typeof tree === 'object' && tree !== null) {
    if (!isRecord(value)) return refuse('a record');
    for (const [k, t] of Object.entries(tree)) pair(t, value[k], out);
  }
}

/** A definition evaluated: its value, and how near it came to a kink. */
export interface Recorded {
  inputs: Record<string, unknown>;
  tree: VarTree;
  value: Value;
  margin: number;
}

/** Runs a definition on the tape. Inputs named in `plain` are handed over as they are. */
export function trace<I>(definition: Definition<I>, inputs: ValueRecord, plain: readonly string[] = []): Recorded {
  const lifted = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, plain.includes(k) ? v : lift(v)]));
  nearestKink = Infinity;
  const tree = definition(lifted as I);
  return { inputs: lifted, tree, value: lower(tree, (v) => v.value), margin: nearestKink };
}

/** Fills `grad` of every Var below the given outputs with ∂(Σ weight · output)/∂Var. */
export function differentiate(outputs: readonly (readonly [Var, number])[]): void {
  const order = topological(outputs.map(([v]) => v));
  for (const v of order) v.grad = 0;
  for (const [v, weight] of outputs) v.grad += weight;
  for (let i = order.length - 1; i >= 0; i--) {
    const v = order[i]!;
    for (let p = 0; p < v.parents.length; p++) v.parents[p]!.grad += v.slopes[p]! * v.grad;
  }
}

let walks = 0;

/** Every Var below the outputs, parents before children; without recursion, since a tape may be deep. */
function topological(outputs: readonly Var[]): Var[] {
  const order: Var[] = [];
  const walk = ++walks;
  const path: Var[] = [];
  /** Which parent of each Var on the path comes next. */
  const next: number[] = [];
  const enter = (v: Var) => {
    if (v.walk === walk) return;
    v.walk = walk;
    path.push(v);
    next.push(0);
  };
  for (const output of outputs) {
    enter(output);
    while (path.length > 0) {
      const last = path.length - 1;
      const v = path[last]!;
      if (next[last]! < v.parents.length) enter(v.parents[next[last]!++]!);
      else {
        order.push(v);
        path.pop();
        next.pop();
      }
    }
  }
  return order;
}

/**
 * ∂(Σ upstream · output)/∂input for the named inputs.
 *
 * @param upstream a value of the same form as the definition's output (or of its named fields); 1 for a scalar loss
 */
export function gradient<I>(
  definition: Definition<I>,
  inputs: ValueRecord,
  upstream: Value | undefined,
  wrt: readonly string[],
  plain: readonly string[] = [],
): { gradients: ValueRecord; margin: number } {
  const run = trace(definition, inputs, plain);
  const outputs: [Var, number][] = [];
  if (upstream === undefined) {
    if (!(run.tree instanceof Var))
      throw new Error('Without an upstream gradient the definition must return one number.');
    outputs.push([run.tree, 1]);
  } else if (isRecord(upstream) && !(run.tree instanceof Var) && !(run.tree instanceof VarTensor)) {
    for (const [field, u] of Object.entries(upstream)) {
      const tree = (run.tree as Record<string, VarTree>)[field];
      if (tree === undefined) throw new Error(`An upstream gradient is given for '${field}', which is no output.`);
      pair(tree, u, outputs);
    }
  } else pair(run.tree, upstream, outputs);
  differentiate(outputs);
  // An input that has no part in the outputs was not walked, and its grad is 0 as it was made.
  const gradients = Object.fromEntries(wrt.map((name) => [name, lower(run.inputs[name] as VarTree, (v) => v.grad)]));
  return { gradients, margin: run.margin };
}
