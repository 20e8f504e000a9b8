/**
 * Chapter 2: automatic differentiation. A program writes down what it computes as a graph, and one walk back through
 * the graph gives the derivative of the result with respect to everything in it. No formula is derived by hand again.
 *
 * Three parts: the rule of each operation on plain numbers, which knows its own derivative and nothing else; the walk
 * back, on a graph as plain lists; and, given at the end, the class Value, which ties both into numbers that remember
 * where they came from.
 */

/** What one operation hands to the graph: its result, and how it reacts to each of its inputs. */
export interface Local {
  /** the result */
  data: number;
  /** slopes[k] = ∂ result / ∂ input k, at these inputs: one slope for each input */
  slopes: number[];
}

/** Who was computed from whom. Nodes are numbered 0, 1, 2, … in no particular order; there are no cycles. */
export interface Graph {
  /** parents[i]: the nodes that node i was computed from; [] for a leaf. A node that is used twice stands there twice. */
  parents: number[][];
  /** slopes[i][k] = ∂ node i / ∂ its parent parents[i][k] */
  slopes: number[][];
}

/**
 * a + b
 *
 *   ∂(a + b)/∂a = 1        ∂(a + b)/∂b = 1
 *
 * @returns data a + b, and its two slopes in the order of the inputs
 */
export function add(a: number, b: number): Local {
  throw new Error('TODO: add');
}

/**
 * a · b
 *
 * Hold b still and a · b is a straight line in a; hold a still and it is one in b. The slopes are those of the lines.
 *
 * @returns data a · b, and its two slopes in the order of the inputs
 */
export function mul(a: number, b: number): Local {
  throw new Error('TODO: mul');
}

/**
 * aⁿ for a constant n: the exponent is no input, so there is one slope.
 *
 *   d aⁿ / da = n · aⁿ⁻¹
 *
 * For n = 0 the data are 1 and the slope is 0, whatever a is (JavaScript's 0 · 0 ** −1 would be NaN).
 *
 * @param a        the base
 * @param exponent n, any number
 * @returns data aⁿ, and one slope
 * @throws RangeError when aⁿ or the slope is no finite number: 1/0, the root of a negative number, the slope of √ at 0
 */
export function pow(a: number, exponent: number): Local {
  throw new Error('TODO: pow');
}

/**
 * eᵃ, the function that is its own derivative.
 *
 * @returns data eᵃ, and one slope
 */
export function exp(a: number): Local {
  throw new Error('TODO: exp');
}

/**
 * The hyperbolic tangent, finite for every finite a.
 *
 *   t = tanh a        dt/da = 1 − t²        from the result t, not from a
 *
 * @returns data t, and one slope
 */
export function tanh(a: number): Local {
  throw new Error('TODO: tanh');
}

/**
 * max(a, 0)
 *
 * The slope is 1 where a > 0 and 0 where a < 0. At a = 0 there is none; this course takes 0.
 *
 * @returns data max(a, 0), and one slope
 */
export function relu(a: number): Local {
  throw new Error('TODO: relu');
}

/**
 * An order in which every node comes after all of its parents (a topological order), for the part of a graph that an
 * output depends on: the output, its parents, their parents, and so on down to the leaves. Each of these nodes stands
 * in the result exactly once, also when several others use it; nodes that the output does not depend on are left out.
 * So the output is last. Where several orders are right, any of them will do.
 *
 * Graphs are deep: a chain of 10,000 nodes must not overflow the stack, which a function that calls itself for each
 * parent would do. Keep a list of the nodes that still wait, as a stack of your own. And mark what you have seen: sixty
 * nodes that each use the one before twice have 2⁶⁰ ways through them, but only sixty nodes.
 *
 * @param parents parents[i]: the nodes that node i was computed from, as in Graph; not changed
 * @param output  the number of a node
 * @returns the numbers of all nodes that the output depends on, parents before children, the output last
 * @throws RangeError when output is no node of the graph
 * @see Kahn 1962; Tarjan 1976, "Edge-disjoint spanning trees and depth-first search"
 */
export function topologicalOrder(parents: number[][], output: number): number[] {
  throw new Error('TODO: topologicalOrder');
}

/**
 * The backward pass: adds ∂output/∂node to the gradient of every node.
 *
 * Let d_i = ∂output/∂(node i). It is 1 for the output itself and 0 for every node that the output does not depend on.
 * Every other node has its d from the nodes that use it, one term for each use:
 *
 *   d_p = Σ over all nodes i, and all k with parents[i][k] = p, of  slopes[i][k] · d_i
 *
 * So d_p is complete only when every node that uses p has had its turn: walk a topological order from its end, and touch
 * each slope once. Looking through all nodes for each p would take a minute where a walk takes a moment.
 *
 *   result_i = grads_i + d_i        for every node i of the graph
 *
 * The d of one pass are computed afresh, apart from what grads held before. Then a second pass that is given the first
 * one's result adds the same d once more: twice the derivative in every node, where a walk that hands on the sums of
 * both passes would give the leaves three times as much or more.
 *
 * @param graph  parents and slopes of n nodes
 * @param output the number of the node to differentiate
 * @param grads  (n) what earlier passes have left, 0 before the first; not changed
 * @returns (n) the new gradients, a new array
 * @throws RangeError when output is no node of the graph, or grads has not one number for each node
 * @see Rumelhart, Hinton & Williams 1986; Baydin et al. 2018, section 3.2
 */
export function backward(graph: Graph, output: number, grads: number[]): number[] {
  throw new Error('TODO: backward');
}

/**
 * Given: a number that remembers how it was computed. Every operation makes a new Value from a rule above; `backward`
 * numbers the nodes below it and hands them to your walk.
 *
 *   const x = new Value(3);
 *   const y = x.mul(x).add(1);        // y.data is 10
 *   y.backward();                     // x.grad is 6
 */
export class Value {
  readonly data: number;
  /** what all backward passes so far have added up */
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

  /** Adds ∂this/∂node to the `grad` of every node below. */
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

/** The loss of one neuron on one sample, and its gradient. */
export interface NeuronGradient {
  loss: number;
  /** (n) ∂loss/∂w */
  dw: number[];
  /** ∂loss/∂b */
  db: number;
}

/**
 * Your engine at work: the squared error of one tanh neuron and its gradient, with no derivative written by hand. Make
 * a Value of each weight and of the bias, compute the loss with them, call backward, and read their grad.
 *
 *   y    = tanh(w_1 x_1 + … + w_n x_n + b)
 *   loss = (y − target)²                          no factor ½
 *
 * @param x      (n) one sample
 * @param w      (n) the weights
 * @param b      the bias
 * @param target what y should be
 * @returns loss, dw (n) and db
 * @throws RangeError when x and w differ in length
 */
export function neuronGradient(x: number[], w: number[], b: number, target: number): NeuronGradient {
  throw new Error('TODO: neuronGradient');
}
