import {
  agrees,
  exercise,
  gradientOf,
  indices,
  integer,
  mean,
  number,
  pattern,
  property,
  pure,
  rejects,
  rows,
  staysFinite,
  sum,
  topic,
  valueOf,
  vector,
  type Check,
  type Lifted,
  type Value,
  type ValueRecord,
} from '../engine/index.ts';

const local = (data: number, ...slopes: number[]) => ({ data, slopes });

const add = exercise({
  points: 1,
  inputs: { a: number(), b: number() },
  oracle: ({ a, b }) => local(a + b, 1, 1),
  checks: [agrees({ exact: true })],
  misconceptions: {
    'slopes of a product': {
      wrong: ({ a, b }) => local(a + b, b, a),
      says: 'Those are the slopes of a product. Nudge a by a little: by how much does the sum move, and does it matter what b is?',
    },
    'values for slopes': {
      wrong: ({ a, b }) => local(a + b, a, b),
      says: 'You hand over the inputs themselves. A slope says how fast the result moves when that input moves.',
    },
    'one slope for both': {
      wrong: ({ a, b }) => local(a + b, 1),
      says: 'There is one slope, but there are two inputs; each needs its own.',
    },
    'half for each': {
      wrong: ({ a, b }) => local(a + b, 0.5, 0.5),
      says: 'You share the slope out between the inputs. A sum passes the whole gradient on to each of them; nothing is divided.',
    },
  },
  hints: [
    'Raise a by 0.01 and leave b: by how much does a + b rise?',
    'data is one number, slopes a list of two, in the order of the inputs.',
    '∂(a + b)/∂a = 1 and ∂(a + b)/∂b = 1.',
    'return { data: a + b, slopes: [1, 1] };',
  ],
});

const mul = exercise({
  points: 1,
  inputs: { a: number(), b: number() },
  oracle: ({ a, b }) => local(a * b, b, a),
  checks: [agrees({ exact: true })],
  examples: [{ a: 2, b: -0.5 }],
  misconceptions: {
    'slopes in the wrong order': {
      wrong: ({ a, b }) => local(a * b, a, b),
      says: 'The two slopes have changed places. If b is 3, then a · b is three times a: who decides the slope of a?',
    },
    'slopes of a sum': {
      wrong: ({ a, b }) => local(a * b, 1, 1),
      says: 'Those are the slopes of a sum. A product with b = 3 moves three times as fast as a does.',
    },
    'product for slopes': {
      wrong: ({ a, b }) => local(a * b, a * b, a * b),
      says: 'Both slopes are the product itself. Hold one input still: what is left is a straight line in the other.',
    },
    'product rule summed': {
      wrong: ({ a, b }) => local(a * b, a + b, a + b),
      says: 'You add the two terms of the product rule. Here each input keeps its own; the walk back adds up what has to be added.',
    },
  },
  hints: [
    'Hold b still. Then a · b is a straight line in a, and a line has one slope.',
    'data is one number, slopes a list of two: the first belongs to a.',
    '∂(a · b)/∂a = b and ∂(a · b)/∂b = a.',
    'return { data: a * b, slopes: [b, a] };',
  ],
});

const power = (a: number, n: number): number => a ** n;

const pow = exercise({
  points: 1,
  inputs: { a: number({ nonzero: true }), exponent: integer(-3, 4) },
  oracle: ({ a, exponent: n }) => local(power(a, n), n === 0 ? 0 : n * power(a, n - 1)),
  checks: [
    agrees(),
    rejects('a power without a finite value and slope', [
      { a: 0, exponent: -1 },
      { a: -1, exponent: 0.5 },
      { a: 0, exponent: 0.5 },
    ]),
  ],
  examples: [
    { a: 2, exponent: 3 },
    { a: 0, exponent: 0 },
    { a: -0, exponent: 0 },
    { a: 0, exponent: 1 },
    { a: 0, exponent: 2 },
    { a: 4, exponent: 0.5 },
    { a: 0.25, exponent: -0.5 },
    { a: -1.5, exponent: 0 },
  ],
  misconceptions: {
    'exponent not in front': {
      wrong: ({ a, exponent: n }) => local(power(a, n), n === 0 ? 0 : power(a, n - 1)),
      says: 'The exponent goes down by one, but it also comes to the front as a factor.',
    },
    'exponent not lowered': {
      wrong: ({ a, exponent: n }) => local(power(a, n), n * power(a, n)),
      says: 'The factor n is there, but the power is still aⁿ. The derivative of a² is 2a, not 2a².',
    },
    'NaN for the exponent 0 at 0': {
      wrong: ({ a, exponent: n }) => local(power(a, n), n * power(a, n - 1)),
      says: 'For a = 0 and n = 0 your slope is NaN: 0 · 0 ** −1 is 0 · ∞. A constant 1 has the slope 0, and that case has to be asked for.',
    },
    'slope of an exponential': {
      wrong: ({ a, exponent: n }) => local(power(a, n), power(a, n) * Math.log(Math.abs(a))),
      says: 'That is the derivative with respect to the exponent. Here the exponent is a constant, and the base moves.',
    },
    'slope for the exponent too': {
      wrong: ({ a, exponent: n }) => local(power(a, n), n === 0 ? 0 : n * power(a, n - 1), 0),
      says: 'There are two slopes. The exponent is a constant and no node of the graph, so only a has one.',
    },
    'slope of an exponential, or an error': {
      wrong: ({ a, exponent: n }) => {
        const slope = n === 0 ? 0 : power(a, n) * Math.log(a);
        if (!Number.isFinite(power(a, n) + slope)) throw new RangeError('no finite slope');
        return local(power(a, n), slope);
      },
      says: 'aⁿ log a is the derivative with respect to the exponent. Here the exponent is a constant, and the base moves (and may be negative).',
    },
    'both lowered': {
      wrong: ({ a, exponent: n }) => local(power(a, n), n === 0 ? 0 : (n - 1) * power(a, n - 1)),
      says: 'The factor in front is n − 1 in your slope. Only the exponent goes down by one; what comes to the front is the exponent as it was.',
    },
  },
  hints: [
    'You know the derivative of x² and of x³; what do they have in common?',
    'slopes has one entry: only the base is an input.',
    'd aⁿ/da = n · aⁿ⁻¹, and 0 for n = 0.',
    'slopes: [exponent === 0 ? 0 : exponent * a ** (exponent - 1)], and throw a RangeError when a number is not finite.',
  ],
});

const exp = exercise({
  points: 1,
  inputs: { a: number({ min: -3, max: 3 }) },
  oracle: ({ a }) => local(Math.exp(a), Math.exp(a)),
  checks: [agrees()],
  misconceptions: {
    'rule of powers': {
      wrong: ({ a }) => local(Math.exp(a), a * Math.exp(a - 1)),
      says: 'You used the rule for aⁿ. There the base moves; here the exponent does.',
    },
    'input for slope': {
      wrong: ({ a }) => local(Math.exp(a), a),
      says: 'The slope is the input. This function is its own derivative: which number do you already have?',
    },
    'slope 1': {
      wrong: ({ a }) => local(Math.exp(a), 1),
      says: 'The slope is always 1. That is right at a = 0 only; eᵃ gets steeper and steeper.',
    },
    'exponential of the result': {
      wrong: ({ a }) => local(Math.exp(a), Math.exp(Math.exp(a))),
      says: 'You take the exponential of the result once more. The slope at a is eᵃ, and you have that number already.',
    },
  },
  hints: [
    'Which function is its own derivative?',
    'data is one number, slopes a list of one.',
    'd eᵃ/da = eᵃ.',
    'const data = Math.exp(a); return { data, slopes: [data] };',
  ],
});

const tanh = exercise({
  points: 1,
  inputs: { a: number({ min: -3, max: 3 }) },
  oracle: ({ a }) => local(Math.tanh(a), 1 - Math.tanh(a) ** 2),
  checks: [agrees(), staysFinite({ scale: 1000 })],
  misconceptions: {
    'from the input': {
      wrong: ({ a }) => local(Math.tanh(a), 1 - a * a),
      says: 'You wrote 1 − a², with the input. The formula is in terms of the result t: far out, where tanh is flat, 1 − a² would be hugely negative.',
    },
    'square forgotten': {
      wrong: ({ a }) => local(Math.tanh(a), 1 - Math.tanh(a)),
      says: 'The square is missing: 1 − t is not symmetric, and tanh is as steep on the left as on the right.',
    },
    'derivative of the sigmoid': {
      wrong: ({ a }) => local(Math.tanh(a), Math.tanh(a) * (1 - Math.tanh(a))),
      says: 't (1 − t) belongs to the sigmoid. At a = 0 it gives the slope 0, where tanh is steepest.',
    },
    'tanh of the result': {
      wrong: ({ a }) => local(Math.tanh(a), 1 - Math.tanh(Math.tanh(a)) ** 2),
      says: 'You apply tanh to the result once more before squaring. The slope is 1 − t² with t = tanh a itself.',
    },
    'written with exponentials': {
      wrong: ({ a }) => {
        const t = (Math.exp(a) - Math.exp(-a)) / (Math.exp(a) + Math.exp(-a));
        return local(t, 1 - t * t);
      },
      says: 'For large a the exponentials are Infinity, and ∞/∞ is NaN. JavaScript has a tanh that does not fall into this hole.',
    },
  },
  hints: [
    'Steepest at 0, flat far out on both sides: the slope can be told from the height of the curve alone.',
    'data is one number, slopes a list of one.',
    't = tanh a; dt/da = 1 − t².',
    'const data = Math.tanh(a); return { data, slopes: [1 - data * data] };',
  ],
});

const relu = exercise({
  points: 1,
  inputs: { a: number() },
  oracle: ({ a }) => (a > 0 ? local(a, 1) : local(0, 0)),
  checks: [agrees({ exact: true })],
  examples: [{ a: 0 }, { a: 1.5 }, { a: -1.5 }],
  misconceptions: {
    'slope 1 at 0': {
      wrong: ({ a }) => (a >= 0 ? local(a, 1) : local(0, 0)),
      says: 'At a = 0 exactly your slope is 1. The corner has no slope of its own; by the convention of this course it is 0.',
    },
    'slope ½ at 0': {
      wrong: ({ a }) => local(Math.max(a, 0), a > 0 ? 1 : a === 0 ? 0.5 : 0),
      says: 'At a = 0 you take the middle, ½. It is a fair choice, but the convention of this course is 0.',
    },
    'slope 1 everywhere': {
      wrong: ({ a }) => local(Math.max(a, 0), 1),
      says: 'Your slope is 1 on the left too, where the function is flat. Nudging a from −2 to −1.9 changes nothing in the result.',
    },
    'result for slope': {
      wrong: ({ a }) => local(Math.max(a, 0), Math.max(a, 0)),
      says: 'You hand over the result as the slope. On the right the curve is the line y = a: how steep is that?',
    },
    leaky: {
      wrong: ({ a }) => (a > 0 ? local(a, 1) : local(0.01 * a, 0.01)),
      says: 'Your function still leaks on the left. This is the plain one: 0 there, with the slope 0.',
    },
  },
  hints: [
    'Two straight lines that meet at 0: how steep is each?',
    'data is one number, slopes a list of one.',
    'max(a, 0); the slope is 1 for a > 0, else 0.',
    'return { data: Math.max(a, 0), slopes: [a > 0 ? 1 : 0] };',
  ],
});

// The graph

type Part = { parents: number[][]; output: number };
type Pass = { graph: { parents: number[][]; slopes: number[][] }; output: number; grads: number[] };

/**
 * A graph drawn at random: node i has up to two parents among the nodes before it, every other time the one just before
 * (which makes long paths), then all get new numbers.
 */
const drawn = {
  uses: pattern('n', 2, 1, 0),
  first: indices('n', 'n'),
  second: indices('n', 'n'),
  keys: vector('n', { min: 0, max: 63, step: 1 }),
  below: integer(0, 2),
};

function graphOf({ uses, first, second, keys, below }: Record<keyof typeof drawn, Value>) {
  const k = keys as number[];
  const inOrder = k.map((_, i) => i).sort((i, j) => k[i]! - k[j]! || i - j);
  const number = k.map((_, i) => inOrder.indexOf(i));
  const parents: number[][] = k.map(() => []);
  k.forEach((_, i) => {
    if (i === 0) return;
    const near = (first as number[])[i]!;
    const both = [near % 2 === 0 ? i - 1 : near % i, (second as number[])[i]! % i];
    parents[number[i]!] = both.slice(0, (uses as number[])[i]).map((p) => number[p]!);
  });
  return { parents, output: number[Math.max(0, k.length - 1 - (below as number))]! };
}

/** Everything the output depends on, itself included. */
function needed({ parents, output }: Part): Set<number> {
  const found = new Set([output]);
  for (const i of found) for (const p of parents[i]!) found.add(p);
  return found;
}

/** Leaves first; a node follows once the last of its parents has been listed. */
function parentsFirst(part: Part): number[] {
  const users = new Map<number, number[]>([...needed(part)].map((i) => [i, []]));
  const waitsFor = new Map<number, number>();
  for (const i of users.keys()) {
    waitsFor.set(i, part.parents[i]!.length);
    for (const p of part.parents[i]!) users.get(p)!.push(i);
  }
  const order = [...users.keys()].filter((i) => waitsFor.get(i) === 0);
  for (const done of order)
    for (const user of users.get(done)!) {
      waitsFor.set(user, waitsFor.get(user)! - 1);
      if (waitsFor.get(user) === 0) order.push(user);
    }
  return order;
}

/** What is wrong with an order, in a sentence; undefined when nothing is. */
function flaw({ parents, output }: Part, order: Value): string | undefined {
  if (!Array.isArray(order) || !order.every((i) => typeof i === 'number')) return 'It is not a list of numbers.';
  const wanted = needed({ parents, output });
  const place = new Map<number, number>();
  for (const [at, i] of order.entries()) {
    if (parents[i] === undefined) return `There is no node ${i}.`;
    if (!wanted.has(i)) return `Node ${i} is listed, but node ${output} does not depend on it.`;
    if (place.has(i)) return `Node ${i} is listed twice.`;
    place.set(i, at);
  }
  for (const i of wanted) if (!place.has(i)) return `Node ${i} is missing; node ${output} depends on it.`;
  for (const i of order)
    for (const p of parents[i]!)
      if (place.get(p)! > place.get(i)!) return `Node ${i} stands before node ${p}, which it was computed from.`;
  return undefined;
}

/** Any right order is right: so the main check knows a law in place of one result. */
const isTopological: Check = {
  ...agrees({ cases: 60 }),
  id: 'order',
  sentence: 'lists what the output depends on, each node once and after its parents',
  expected: (inputs, exercise, got) => (flaw(inputs as Part, got) === undefined ? got : exercise.oracle(inputs)),
  judge(inputs, [outcome]) {
    const got = outcome?.kind === 'value' ? outcome.value : undefined;
    const wrong = flaw(inputs as Part, got);
    if (wrong === undefined) return undefined;
    return { sentence: 'the order is wrong', mismatches: [], seen: [{ name: '', value: got }], facts: [wrong] };
  },
};

/** Depth first, a node listed when the walk leaves it (post) or meets it (pre). */
function depthFirst({ parents, output }: Part, when: 'pre' | 'post', once = true): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const stack: [node: number, next: number][] = [[output, 0]];
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    if (top[1] === 0) {
      seen.add(top[0]);
      if (when === 'pre') order.push(top[0]);
    }
    const p = parents[top[0]]![top[1]++];
    if (p === undefined) {
      stack.pop();
      if (when === 'post') order.push(top[0]);
    } else if (!once || !seen.has(p)) stack.push([p, 0]);
  }
  return order;
}

/** By calling itself for every parent, as one would write it first. */
function recursively({ parents, output }: Part): number[] {
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = (i: number): void => {
    if (seen.has(i)) return;
    seen.add(i);
    for (const p of parents[i]!) visit(p);
    order.push(i);
  };
  visit(output);
  return order;
}

/** 0 ← 1 ← 2 ← …, or the same with every node using the one before it twice. */
const chain = (n: number, times = 1): Part => ({
  parents: Array.from({ length: n }, (_, i) => (i === 0 ? [] : new Array<number>(times).fill(i - 1))),
  output: n - 1,
});
/** Node 0 uses 1 and 4, 1 uses 2, 2 uses 3, 3 uses 4: the short way to 4 is found before the long one. */
const detour: Part = { parents: [[1, 4], [2], [3], [4], [5], [], [0]], output: 0 };
const detourMirrored: Part = { parents: [[4, 1], [2], [3], [4], [5], [], [0]], output: 0 };

const topologicalOrder = exercise<typeof drawn, Part>({
  points: 3,
  inputs: drawn,
  sizes: { n: [2, 7] },
  derive: (d) => graphOf(d),
  parameters: ['parents', 'output'],
  oracle: (i) => parentsFirst(i),
  checks: [
    isTopological,
    property<Part>('a node that many paths lead to is walked once', {
      fixed: () => [chain(60, 2)],
      holds: ({ y }: { y: number[] }) => y.length === 60,
    }),
    pure(),
    rejects(
      'an output that is no node',
      [
        { parents: [[], [0]], output: 2 },
        { parents: [[]], output: -1 },
      ],
      { worth: 1 },
    ),
  ],
  examples: [detour, detourMirrored, chain(11, 2), chain(12_000), chain(15_000)],
  misconceptions: {
    'children first': {
      wrong: (i) => depthFirst(i, 'post').reverse(),
      says: 'Your order begins with the output. That is the order for the walk back; asked for here is its reverse, parents first.',
    },
    'listed when met': {
      wrong: (i) => depthFirst(i, 'pre').reverse(),
      says: 'You list a node when the walk first meets it. But one that is met early over a short path may also be needed by a node further down a long one. When do you know that everything it needs has been listed?',
    },
    'by distance': {
      wrong: (i) => [...needed(i)].reverse(),
      says: 'You go in rings around the output, the nearest nodes last. A node that is used both near the output and far from it then stands on the wrong side of somebody.',
    },
    'by number': {
      wrong: (i) => [...needed(i)].sort((a, b) => a - b),
      says: 'You rely on the numbers of the nodes. They are in no particular order; only parents says who came from whom.',
    },
    'once for every use': {
      wrong: (i) => depthFirst(i, 'post', false),
      says: 'A node that is used twice is listed twice. Remember which nodes you have seen; without that, a graph of 60 nodes can keep you busy for ever.',
    },
    'output left out': {
      wrong: (i) => depthFirst(i, 'post').slice(0, -1),
      says: 'The output itself is missing. It is the last of its own order.',
    },
    'the whole graph': {
      wrong: (i) => {
        const parents = [...i.parents, i.parents.map((_, k) => k)];
        return depthFirst({ parents, output: i.parents.length }, 'post').slice(0, -1);
      },
      says: 'Your order holds every node of the graph. Leave out those that the output does not depend on, for example its own children.',
    },
    recursion: {
      wrong: (i) => recursively(i),
      says: 'It is right on small graphs, and on a chain of 10,000 nodes the stack overflows, since every parent is one more call inside a call. Keep the waiting nodes in an array of your own.',
    },
    'listed when taken from the stack': {
      wrong: (i) => {
        const order: number[] = [];
        const waiting = [i.output];
        const seen = new Set(waiting);
        while (waiting.length > 0) {
          const node = waiting.pop()!;
          order.push(node);
          for (const p of i.parents[node]!) {
            if (seen.has(p)) continue;
            seen.add(p);
            waiting.push(p);
          }
        }
        return order.reverse();
      },
      says: 'You list a node when it is taken from the stack, before the walk has been below it. But one that is met early over a short path may also be needed by a node further down a long one. When do you know that everything it needs has been listed?',
    },
  },
  hints: [
    'Start at the output and walk down to the leaves. A node may be listed when nothing below it is waiting any more: on the way out, not on the way in.',
    'From parents (n lists) and one number you make a list of at most n numbers; a Set of the nodes seen so far keeps it from growing longer.',
    'With your own stack of { node, next }: look at the top. If it has a parent number `next` that is unseen, mark it and push it; when no parent is left, pop the node and list it.',
    'const top = stack[stack.length - 1]; const parent = parents[top.node][top.next++]; if (parent === undefined) order.push(stack.pop()!.node); else if (!seen.has(parent)) { seen.add(parent); stack.push({ node: parent, next: 0 }); }',
  ],
});

/** The gradient of each node is ready when every node that uses it has handed its share down. */
function handedDown({ graph: { parents, slopes }, output }: Pass): number[] {
  const users = new Map<number, number>([...needed({ parents, output })].map((i) => [i, 0]));
  for (const i of users.keys()) for (const p of parents[i]!) users.set(p, users.get(p)! + 1);
  const d = parents.map(() => 0);
  d[output] = 1;
  const ready = [output];
  for (const i of ready)
    parents[i]!.forEach((p, k) => {
      d[p] = d[p]! + slopes[i]![k]! * d[i]!;
      users.set(p, users.get(p)! - 1);
      if (users.get(p) === 0) ready.push(p);
    });
  return d;
}

interface Slips {
  order?: (part: Part) => number[];
  /** Assign where one should add. */
  assign?: boolean;
  /** What the walk starts from. */
  start?: (i: Pass) => number[];
  /** What comes out. */
  end?: (i: Pass, d: number[]) => number[];
  /** Parents without repetition. */
  distinct?: boolean;
}

/** The walk back with the places where students slip as switches. */
function walkBack(i: Pass, slips: Slips): number[] {
  const { parents, slopes } = i.graph;
  const d = slips.start ? slips.start(i) : parents.map((_, k) => (k === i.output ? 1 : 0));
  const order = slips.order ?? ((part) => depthFirst(part, 'post').reverse());
  for (const node of order({ parents, output: i.output }))
    parents[node]!.forEach((p, k) => {
      if (slips.distinct && parents[node]!.indexOf(p) < k) return;
      d[p] = (slips.assign ? 0 : d[p]!) + slopes[node]![k]! * d[node]!;
    });
  return slips.end ? slips.end(i, d) : slips.start ? d : i.grads.map((g, k) => g + d[k]!);
}

const passOn = (part: Part, slope: number, grads = 0): Pass => ({
  graph: { parents: part.parents, slopes: part.parents.map((p) => p.map(() => slope)) },
  output: part.output,
  grads: part.parents.map(() => grads),
});

const drawnPass = { ...drawn, slopes: rows('n', 2, { nonzero: true }), grads: vector('n') };

const backward = exercise<typeof drawnPass, Pass>({
  points: 4,
  uses: ['topologicalOrder'],
  inputs: drawnPass,
  sizes: { n: [2, 7] },
  derive: ({ slopes, grads, ...rest }) => {
    const { parents, output } = graphOf(rest);
    return { graph: { parents, slopes: parents.map((p, i) => slopes[i]!.slice(0, p.length)) }, output, grads };
  },
  parameters: ['graph', 'output', 'grads'],
  oracle: (i) => {
    const d = handedDown(i);
    return i.grads.map((g, k) => g + d[k]!);
  },
  checks: [
    agrees({ exact: true, cases: 60 }),
    pure(),
    rejects(
      'an output that is no node, or too few gradients',
      [
        { graph: { parents: [[], [0]], slopes: [[], [1]] }, output: 2, grads: [0, 0] },
        { graph: { parents: [[], [0]], slopes: [[], [1]] }, output: 1, grads: [0] },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    passOn(detour, 2),
    passOn(detourMirrored, 2, 1),
    passOn({ parents: [[2, 1], [2], [3], []], output: 0 }, 0.5, 1),
    passOn(chain(4), 0.5, 1),
    { graph: { parents: [[], [0, 0]], slopes: [[], [3, 3]] }, output: 1, grads: [0, 0] },
    passOn(chain(61, 2), 1),
    passOn(chain(12_000), -1, 1),
    passOn(chain(15_000), 1),
  ],
  misconceptions: {
    '= for +=': {
      wrong: (i) => walkBack(i, { assign: true }),
      says: 'A node that is used twice keeps the gradient of one use only: the second assignment overwrites the first. Both uses move the output, so their shares add up.',
    },
    'old gradients overwritten': {
      wrong: (i) => walkBack(i, { end: (_, d) => d }),
      says: 'What grads held before is lost. A pass adds to it; setting it back to zero is left to the caller, who sometimes wants the sum.',
    },
    'no topological order': {
      wrong: (i) => walkBack(i, { order: (part) => [...needed(part)] }),
      says: 'You hand gradients down in the order in which nodes are met. A node that is also used further down passes on what it has so far, and the rest comes too late.',
    },
    'met in depth': {
      wrong: (i) => walkBack(i, { order: (part) => depthFirst(part, 'pre') }),
      says: 'You follow the first parent all the way down before the others have given their share. A node may hand down only when all of its users have had their turn.',
    },
    'by number': {
      wrong: (i) => walkBack(i, { order: (part) => [...needed(part)].sort((a, b) => b - a) }),
      says: 'You walk from the highest number to the lowest. The numbers are in no particular order; topologicalOrder knows which node comes when.',
    },
    'leaves first': {
      wrong: (i) => walkBack(i, { order: (part) => depthFirst(part, 'post') }),
      says: 'You walk with the arrows, from the leaves up, so nearly every node hands on a zero. Backwards means from the output down.',
    },
    'three times at the second pass': {
      wrong: (i) => walkBack(i, { start: ({ grads, output }) => grads.map((g, k) => (k === output ? 1 : g)) }),
      says: 'What the last pass left in the nodes between is handed down a second time. On z = f(f(x)) the leaf then gets three times the derivative from two passes. Keep the numbers of this pass apart and add them in the end.',
    },
    'old gradients handed down': {
      wrong: (i) => walkBack(i, { start: ({ grads, output }) => grads.map((g, k) => (k === output ? g + 1 : g)) }),
      says: 'You add to the old gradients while you walk, so they are handed down together with the new ones, and the leaves get too much. Keep the numbers of this pass apart and add them in the end.',
    },
    'nothing to start from': {
      wrong: (i) => [...i.grads],
      says: 'Nothing is added anywhere. The walk needs something to hand down: what is the derivative of the output with respect to itself?',
    },
    'one share for two uses': {
      wrong: (i) => walkBack(i, { distinct: true }),
      says: 'In x · x the node x is a parent twice, with a slope for each place, and only the first is counted.',
    },
    recursion: {
      wrong: (i) => walkBack(i, { order: (part) => recursively(part).reverse() }),
      says: 'It is right on small graphs, but on a chain of 10,000 nodes the stack overflows. If topologicalOrder overflows too, mend that first; the walk along its list needs no call to itself.',
    },
    'slopes not multiplied': {
      wrong: (i) => {
        const d: number[] = i.graph.parents.map((_, k) => (k === i.output ? 1 : 0));
        for (const node of needed({ parents: i.graph.parents, output: i.output }))
          i.graph.parents[node]!.forEach((p, k) => (d[p] = d[p]! + i.graph.slopes[node]![k]!));
        return i.grads.map((g, k) => g + d[k]!);
      },
      says: 'Every node hands down its slopes as they are. A slope says how fast this node moves; how fast the output moves with this node is its own gradient, and the two are multiplied.',
    },
    'output left as it was': {
      wrong: (i) => walkBack(i, { end: ({ grads, output }, d) => grads.map((g, k) => (k === output ? g : g + d[k]!)) }),
      says: 'Every node is right but the output itself: it, too, gets its derivative added, and that of anything with respect to itself is 1.',
    },
    'first slope for all': {
      wrong: (i) =>
        walkBack({ ...i, graph: { ...i.graph, slopes: i.graph.slopes.map((s) => s.map(() => s[0]!)) } }, {}),
      says: 'Each node uses its first slope for all of its parents. slopes[i] has one for every place in parents[i].',
    },
  },
  hints: [
    'The output moves itself one for one. Each node then tells its parents: so much of what I move the output comes from you.',
    'n nodes, n gradients. A fresh list d for this pass, all zeros but a 1 at the output; grads stays as it is.',
    'Walk the topological order from its end. At node i, for every k: d[parents[i][k]] += slopes[i][k] · d[i].',
    'for (const i of topologicalOrder(graph.parents, output).reverse()) graph.parents[i].forEach((p, k) => (d[p] += graph.slopes[i][k] * d[i])); return grads.map((g, i) => g + d[i]);',
  ],
});

// The engine at work

interface Neuron {
  x: number[];
  w: number[];
  b: number;
  target: number;
}

const squaredError = ({ x, w, b, target }: Lifted<Neuron>) => {
  const y = sum(x.map((xi, i) => xi.mul(w[i]!)))
    .add(b)
    .tanh();
  const error = y.sub(target);
  return mean([error.mul(error)]);
};
const errorOf = valueOf<Lifted<Neuron>>(squaredError);
const slopeOf = gradientOf<Lifted<Neuron>>(squaredError, { wrt: { dw: 'w', db: 'b' } });

/** The gradient from a wrong slope of the loss in the sum before the tanh. */
function neuron({ x, w, b, target }: Neuron, slope: (y: number, error: number, s: number) => number, loss?: number) {
  const s = w.reduce((total, wi, i) => total + wi * x[i]!, b);
  const error = Math.tanh(s) - target;
  const ds = slope(Math.tanh(s), error, s);
  return { loss: loss ?? error * error, dw: x.map((xi) => ds * xi), db: ds };
}

const neuronGradient = exercise({
  points: 2,
  uses: ['add', 'mul', 'pow', 'tanh', 'backward'],
  inputs: { x: vector('n'), w: vector('n', { min: -1, max: 1 }), b: number({ min: -1, max: 1 }), target: number() },
  sizes: { n: [1, 4] },
  oracle: (i) => ({ loss: errorOf(i), ...(slopeOf(i) as ValueRecord) }),
  checks: [
    agrees(),
    pure(),
    rejects('a sample and weights of different lengths', [
      { x: [1, 2], w: [1], b: 0, target: 0 },
      { x: [1], w: [1, 1], b: 0, target: 0 },
    ]),
  ],
  examples: [{ x: [1, -0.5], w: [0.5, 0.25], b: -0.25, target: 1 }],
  misconceptions: {
    'no backward pass': {
      wrong: (i) => neuron(i, () => 0),
      says: 'The loss is right and all gradients are 0: a Value knows its grad only after backward was called on the loss.',
    },
    'gradient of the output': {
      wrong: (i) => neuron(i, (y) => 1 - y * y),
      says: 'These are the gradients of y. Call backward on the loss, so that the target has a say.',
    },
    'tanh left out of the graph': {
      wrong: (i) => neuron(i, (_, error) => 2 * error),
      says: 'The gradient does not know of the tanh. Was it computed with Math.tanh on the data, outside of the graph?',
    },
    'backward called twice': {
      wrong: (i) => neuron(i, (y, error) => 4 * error * (1 - y * y)),
      says: 'Everything is twice as large. Either backward ran twice (a second pass adds once more), or a factor 2 was counted twice.',
    },
    'half the gradient': {
      wrong: (i) => neuron(i, (y, error) => error * (1 - y * y)),
      says: 'Everything is half as large as it should be. The square’s derivative has a factor 2, and if the square is error times itself, both uses must count.',
    },
    'half the loss': {
      wrong: (i) => {
        const full = neuron(i, (y, error) => error * (1 - y * y));
        return { ...full, loss: full.loss / 2 };
      },
      says: 'There is a ½ in your loss. This course takes the plain square.',
    },
    'no tanh at all': {
      wrong: (i) => {
        const error = i.w.reduce((total, wi, k) => total + wi * i.x[k]!, i.b) - i.target;
        return { loss: error * error, dw: i.x.map((xi) => 2 * error * xi), db: 2 * error };
      },
      says: 'Your neuron is linear. Its output is the tanh of the sum.',
    },
    'gradient of the inputs': {
      wrong: (i) => {
        const { loss, db } = neuron(i, (y, error) => 2 * error * (1 - y * y));
        return { loss, dw: i.w.map((wi) => db * wi), db };
      },
      says: 'dw holds the gradient of x. Read the grad of the weights.',
    },
    'error not squared': {
      wrong: (i) => {
        const { dw, db } = neuron(i, (y) => 1 - y * y);
        const y = Math.tanh(i.w.reduce((total, wi, k) => total + wi * i.x[k]!, i.b));
        return { loss: y - i.target, dw, db };
      },
      says: 'Your loss is the error itself, which may be negative. Its square is asked for.',
    },
    'bias left out': {
      wrong: (i) => {
        const { loss, dw } = neuron({ ...i, b: 0 }, (y, error) => 2 * error * (1 - y * y));
        return { loss, dw, db: 0 };
      },
      says: 'The bias has no part in your sum, so it has no gradient either.',
    },
  },
  hints: [
    'Write the forward pass, but with Values in place of numbers; the engine does the rest.',
    'One Value for each weight and one for the bias. x and target may stay numbers: mul and sub take them.',
    'Sum w_i x_i onto b with add, then tanh(), sub(target), pow(2); that is the loss. loss.backward(), and every Value has its grad.',
    'const sum = weights.reduce((s, wi, i) => s.add(wi.mul(x[i])), bias); const loss = sum.tanh().sub(target).pow(2); loss.backward(); return { loss: loss.data, dw: weights.map((wi) => wi.grad), db: bias.grad };',
  ],
});

export const autograd = topic('autograd', 'Automatic differentiation', {
  add,
  mul,
  pow,
  exp,
  tanh,
  relu,
  topologicalOrder,
  backward,
  neuronGradient,
});
