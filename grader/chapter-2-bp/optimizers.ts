import { Tensor, tensor as toTensor } from '#tensor';
import {
  agrees,
  choice,
  exercise,
  integer,
  mapNumbers,
  pure,
  record,
  rejects,
  tensor,
  topic,
  type Grid,
  type Input,
  type Value,
  type ValueRecord,
} from '../engine/index.ts';

/** Two tensors of different shapes in a list, as the weights and the bias of a layer. */
function tensors(grid: Grid = {}): Input<Tensor[]> {
  const both = record({ first: tensor('n', 'm', grid), second: tensor('k', grid) });
  const list = ({ first, second }: { first: Tensor; second: Tensor }) => [first, second];
  const named = ([first, second]: Tensor[]) => ({ first: first!, second: second! });
  return {
    symbols: both.symbols,
    shape: '[(n, m), (k,)]',
    draw: (rng, sizes) => list(both.draw(rng, sizes)),
    cut: (value, sizes) => list(both.cut(named(value), sizes)),
    *simpler(value) {
      for (const simpler of both.simpler(named(value))) yield list(simpler);
    },
    nudge: (value, f) => value.map((t) => mapNumbers(t, f) as Tensor),
  };
}

type Settings<K extends string> = Record<K, number>;
type Step<S extends string, M extends string = never> = {
  parameters: Tensor[];
  gradients: Tensor[];
  state: Record<M, Tensor[]>;
  settings: Settings<S>;
};

/** What happens to one number: from the weight, its gradient, what is remembered, the settings → the new ones. */
type Rule<S extends string> = (w: number, g: number, memory: number[], s: Settings<S>) => number[];

/** A rule applied to every number of every tensor; `names` are the parts of the state, in the order of the memory. */
function step<S extends string, M extends string>(i: Step<S, M>, names: readonly M[], rule: Rule<S>) {
  const moved = i.parameters.map((p, k) =>
    Array.from(p.data, (w, e) =>
      rule(
        w,
        i.gradients[k]!.data[e]!,
        names.map((name) => i.state[name][k]!.data[e]!),
        i.settings,
      ),
    ),
  );
  const part = (at: number) =>
    moved.map(
      (entries, k) =>
        new Tensor(
          i.parameters[k]!.shape,
          entries.map((x) => x[at]!),
        ),
    );
  return { parameters: part(0), state: Object.fromEntries(names.map((name, at) => [name, part(at + 1)])) };
}

const sizes = { n: [1, 3], m: [1, 3], k: [1, 4] } as const;
const rate = choice<number>(0.5, 0.25, 0.125);
/** Large, so that it matters whether it stands inside or outside of the root. */
const epsilon = choice<number>(0.25, 0.0625);

const one = (...entries: number[]) => [toTensor(entries)];

/** Inputs that do not fit: a gradient of another shape, one too many, a rate below 0, and what the caller adds. */
function misfits(state: ValueRecord | undefined, settings: ValueRecord, ...more: ValueRecord[]): ValueRecord[] {
  const fits: ValueRecord = { parameters: one(1, 2), gradients: one(1, 1), settings, ...(state && { state }) };
  return [
    { ...fits, gradients: one(1) },
    { ...fits, gradients: [...one(1, 1), ...one(1)] },
    { ...fits, gradients: [] },
    { ...fits, settings: { ...settings, learningRate: -0.1 } },
    { ...fits, settings: { ...settings, learningRate: Number.NaN } },
    ...more.map((change) => ({ ...fits, ...change })),
  ];
}

type Sgd = 'learningRate' | 'weightDecay';
const sgd = (i: Omit<Step<Sgd>, 'state'>, rule: (w: number, g: number, rate: number, decay: number) => number) =>
  step({ ...i, state: {} }, [], (w, g, _, { learningRate, weightDecay }) => [
    rule(w, g, learningRate, weightDecay ?? 0),
  ]).parameters;

const sgdStep = exercise({
  points: 2,
  inputs: {
    parameters: tensors(),
    gradients: tensors(),
    settings: record({ learningRate: rate, weightDecay: choice<number>(0.25, 0.5, 0) }),
  },
  sizes,
  oracle: (i) => sgd(i, (w, g, rate, decay) => w - rate * (g + decay * w)),
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects(
      'lists that do not fit together, or settings out of range',
      misfits(undefined, { learningRate: 0.1 }, { settings: { learningRate: 0.1, weightDecay: -1 } }),
    ),
  ],
  examples: [
    { parameters: one(1, -2), gradients: one(0.5, 1), settings: { learningRate: 0.5 } as Settings<Sgd> },
    { parameters: one(4, -2), gradients: one(0, 0), settings: { learningRate: 0.5, weightDecay: 0.5 } },
  ],
  misconceptions: {
    'decay after the step': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => (w - rate * g) * (1 - rate * decay)),
      says: 'You take the step first and shrink what is left, so that the step shrinks too. The decay is taken of the weight as it was.',
    },
    climbing: {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w + rate * (g + decay * w)),
      says: 'You walk with the gradient, and it points to where the loss grows.',
    },
    'decay forgotten': {
      wrong: (i) => sgd(i, (w, g, rate) => w - rate * g),
      says: 'The weight decay changes nothing in your result.',
    },
    'decay without the rate': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w - rate * g - decay * w),
      says: 'The decay is taken off directly. It is part of the gradient here, so the learning rate multiplies it as well.',
    },
    'decay with the wrong sign': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w - rate * (g - decay * w)),
      says: 'Your decay makes weights grow. With a gradient of zero they should shrink.',
    },
    'decay toward the gradient': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w - rate * (g + decay * g)),
      says: 'The decay multiplies the gradient. What is to decay is the weight.',
    },
    'factor 2 in the decay': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w - rate * (g + 2 * decay * w)),
      says: 'Your decay is twice as strong: the penalty is ½ λ ‖θ‖², and its ½ takes the 2 of the square away.',
    },
    'learning rate dropped': {
      wrong: (i) => sgd(i, (w, g, _, decay) => w - (g + decay * w)),
      says: 'The learning rate changes nothing in your result.',
    },
    'climbing, but for the decay': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w * (1 - rate * decay) + rate * g),
      says: 'The decay is right, but you walk with the gradient, and it points to where the loss grows.',
    },
    'learning rate dropped at the gradient': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w * (1 - rate * decay) - g),
      says: 'The learning rate multiplies only the decay. The gradient is taken off whole.',
    },
    'decay without the weight': {
      wrong: (i) => sgd(i, (w, g, rate, decay) => w - rate * (g + decay)),
      says: 'You add λ itself to the gradient, the same for all weights. A weight is pulled toward zero in proportion to itself.',
    },
  },
  hints: [
    'Against the slope, a little. And with decay, every weight is also pulled toward zero, in proportion to itself.',
    'A list of new tensors, each in the shape of its parameter; gradients[i] belongs to parameters[i].',
    'θ′ = θ − η (g + λ θ), and λ is 0 when weightDecay is left out.',
    'parameters.map((w, i) => w.sub(gradients[i].add(w.mul(weightDecay)).mul(learningRate)))',
  ],
});

type Momentum = 'learningRate' | 'momentum';
type MomentumRule = (w: number, g: number, v: number, rate: number, mu: number) => number[];
const withVelocity = (i: Step<Momentum, 'velocity'>, rule: MomentumRule) =>
  step(i, ['velocity'], (w, g, [v], { learningRate, momentum }) => rule(w, g, v!, learningRate, momentum));

const momentumInputs = {
  parameters: tensors(),
  gradients: tensors(),
  state: record({ velocity: tensors() }),
  settings: record({ learningRate: rate, momentum: choice<number>(0.5, 0.75, 0.25) }),
};
const momentumMisfits = misfits(
  { velocity: one(0, 0) },
  { learningRate: 0.1, momentum: 0.9 },
  { state: { velocity: one(0) } },
  { settings: { learningRate: 0.1, momentum: 1 } },
  { settings: { learningRate: 0.1, momentum: -0.1 } },
);

const momentumStep = exercise({
  points: 2,
  inputs: momentumInputs,
  sizes,
  oracle: (i) =>
    withVelocity(i, (w, g, v, rate, mu) => {
      const now = mu * v + g;
      return [w - rate * now, now];
    }),
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects('lists that do not fit together, or settings out of range', momentumMisfits),
  ],
  misconceptions: {
    'gradient damped too': {
      wrong: (i) =>
        withVelocity(i, (w, g, v, rate, mu) => {
          const now = mu * (v + g);
          return [w - rate * now, now];
        }),
      says: 'μ multiplies the gradient as well. Only the old velocity fades; what is new comes in whole.',
    },
    'velocity never fades': {
      wrong: (i) => withVelocity(i, (w, g, v, rate) => [w - rate * (v + g), v + g]),
      says: 'Your velocity keeps all it ever had: μ changes nothing. Without friction a ball in a bowl never comes to rest.',
    },
    '(1 − μ) in front of the gradient': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (mu * v + (1 - mu) * g), mu * v + (1 - mu) * g]),
      says: 'You average: the gradient enters with a factor (1 − μ). Here the velocity is a sum, and the gradient enters whole; with μ = 0.9 yours would be ten times too slow.',
    },
    'old velocity used': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * v, mu * v + g]),
      says: 'The parameters follow the velocity of the step before, so this gradient is not felt until the next one.',
    },
    'velocity not kept': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (mu * v + g), v]),
      says: 'The state you give back holds the old velocity. Without the new one the next step starts from zero again.',
    },
    'rate inside the velocity': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - (mu * v + rate * g), mu * v + rate * g]),
      says: 'The learning rate is already inside your velocity. That is another convention: with it a changed rate is felt only slowly. Here the velocity knows no rate.',
    },
    'velocity with a minus': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w + (mu * v - rate * g), mu * v - rate * g]),
      says: 'Your velocity points downhill and contains the rate. Many books write it so; here it collects the gradients as they are, and the step is taken against it.',
    },
    climbing: {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w + rate * (mu * v + g), mu * v + g]),
      says: 'The velocity collects gradients, so it points uphill. Walk against it.',
    },
    'gradient counted twice': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (mu * v + g) - rate * g, mu * v + g]),
      says: 'You take the step along the velocity and another one along the gradient, which the velocity already contains.',
    },
    'velocity not used': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * g, mu * v + g]),
      says: 'The velocity is kept, but the parameters follow the gradient alone.',
    },
    'μ at the gradient': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (v + mu * g), v + mu * g]),
      says: 'μ stands at the wrong one of the two: the old velocity fades, and what is new comes in whole.',
    },
  },
  hints: [
    'A heavy ball: what it had of speed stays for the most part, and the slope adds to it.',
    'One velocity for each parameter, in its shape; both the new parameters and the new velocities are given back.',
    'v′ = μ v + g, then θ′ = θ − η v′.',
    'const velocity = state.velocity.map((v, i) => v.mul(momentum).add(gradients[i])); then parameters.map((w, i) => w.sub(velocity[i].mul(learningRate))).',
  ],
});

const nesterovStep = exercise({
  points: 2,
  inputs: momentumInputs,
  sizes,
  oracle: (i) =>
    withVelocity(i, (w, g, v, rate, mu) => {
      const now = mu * v + g;
      return [w - rate * (g + mu * now), now];
    }),
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects('lists that do not fit together, or settings out of range', momentumMisfits),
  ],
  misconceptions: {
    'twice the way': {
      wrong: (i) =>
        withVelocity(i, (w, g, v, rate, mu) => {
          const now = mu * v + g;
          return [w - rate * (now + mu * now), now];
        }),
      says: 'Your step is v′ + μ v′, and v′ holds μ v already: the old velocity is counted twice. The step is the gradient and, once, the new velocity damped.',
    },
    'parameters moved ahead first': {
      wrong: (i) =>
        withVelocity(i, (w, g, v, rate, mu) => {
          const now = mu * v + g;
          return [w - rate * mu * v - rate * now, now];
        }),
      says: 'You move the parameters along the old velocity first, and then step. Here the gradient was taken where the parameters are, and the look ahead is in the formula of the step.',
    },
    'plain momentum': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (mu * v + g), mu * v + g]),
      says: 'That is plain momentum. Nesterov goes on as if the new velocity had worked once more.',
    },
    'whole velocity ahead': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (g + mu * v + g), mu * v + g]),
      says: 'The velocity is added to the gradient in full. It has to be damped by μ once more.',
    },
    'velocity not kept': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (g + mu * (mu * v + g)), v]),
      says: 'The state you give back holds the old velocity.',
    },
    'look-ahead kept as velocity': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * (g + mu * (mu * v + g)), g + mu * (mu * v + g)]),
      says: 'The state you give back is the direction of the step, g + μ v′. What is remembered is v′ itself.',
    },
    '(1 − μ) in front of the gradient': {
      wrong: (i) =>
        withVelocity(i, (w, g, v, rate, mu) => {
          const now = mu * v + (1 - mu) * g;
          return [w - rate * (g + mu * now), now];
        }),
      says: 'The gradient enters your velocity with a factor (1 − μ). Here it enters whole.',
    },
    'velocity alone ahead': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * mu * (mu * v + g), mu * v + g]),
      says: 'Your step is μ v′ alone; the gradient itself is missing from it.',
    },
    climbing: {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w + rate * (g + mu * (mu * v + g)), mu * v + g]),
      says: 'You walk with the gradient, and it points to where the loss grows.',
    },
    'gradient damped too': {
      wrong: (i) => withVelocity(i, (w, g, v, rate, mu) => [w - rate * mu * (g + (mu * v + g)), mu * v + g]),
      says: 'In your step μ multiplies the gradient as well. Only the velocity is damped.',
    },
  },
  hints: [
    'The velocity is as in plain momentum. But the step looks one move ahead: where would this velocity take me next?',
    'The same lists as in momentumStep; the velocity that is given back is the same too.',
    'v′ = μ v + g, then θ′ = θ − η (g + μ v′).',
    'const ahead = gradients.map((g, i) => g.add(velocity[i].mul(momentum)));',
  ],
});

type Adagrad = 'learningRate' | 'epsilon';
type AdagradRule = (w: number, g: number, s: number, rate: number, eps: number) => number[];
const withSum = (i: Step<Adagrad, 'sum'>, rule: AdagradRule) =>
  step(i, ['sum'], (w, g, [s], { learningRate, epsilon }) => rule(w, g, s!, learningRate, epsilon));
const positive = { min: 0, max: 3 };

const adagradStep = exercise({
  points: 2,
  inputs: {
    parameters: tensors(),
    gradients: tensors(),
    state: record({ sum: tensors(positive) }),
    settings: record({ learningRate: rate, epsilon }),
  },
  sizes,
  oracle: (i) =>
    withSum(i, (w, g, s, rate, eps) => {
      const sum = s + g * g;
      return [w - (rate * g) / (Math.sqrt(sum) + eps), sum];
    }),
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects(
      'lists that do not fit together, or settings out of range',
      misfits(
        { sum: one(0, 0) },
        { learningRate: 0.1, epsilon: 0.01 },
        { state: { sum: one(0) } },
        { settings: { learningRate: 0.1, epsilon: 0 } },
      ),
    ),
  ],
  misconceptions: {
    'without ε': {
      wrong: (i) => withSum(i, (w, g, s, rate) => [g === 0 ? w : w - (rate * g) / Math.sqrt(s + g * g), s + g * g]),
      says: 'ε changes nothing in your result.',
    },
    'gradient not squared': {
      wrong: (i) =>
        withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / (Math.sqrt(s + Math.abs(g)) + eps), s + Math.abs(g)]),
      says: 'You add up the sizes of the gradients. It is their squares that are added, and the root brings them back.',
    },
    'epsilon inside the root': {
      wrong: (i) => withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / Math.sqrt(s + g * g + eps), s + g * g]),
      says: 'Is your epsilon inside the root? It is added after it. With 10⁻⁸ one hardly sees the difference; with 0.25 one does.',
    },
    'root forgotten': {
      wrong: (i) => withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / (s + g * g + eps), s + g * g]),
      says: 'You divide by the sum of the squares itself. Without the root, gradients ten times as large would make steps ten times as small.',
    },
    'old sum': {
      wrong: (i) => withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / (Math.sqrt(s) + eps), s + g * g]),
      says: 'You divide by the sum before this gradient was added. In the very first step that is 0, and only epsilon is left to divide by.',
    },
    'average in place of a sum': {
      wrong: (i) =>
        withSum(i, (w, g, s, rate, eps) => {
          const mean = 0.9 * s + 0.1 * g * g;
          return [w - (rate * g) / (Math.sqrt(mean) + eps), mean];
        }),
      says: 'Your sum forgets. A running mean is RMSprop, the next one; Adagrad adds and never forgets.',
    },
    'sum not kept': {
      wrong: (i) => withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / (Math.sqrt(s + g * g) + eps), s]),
      says: 'The state you give back holds the old sum.',
    },
    'root kept': {
      wrong: (i) =>
        withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / (Math.sqrt(s + g * g) + eps), Math.sqrt(s + g * g)]),
      says: 'The state you give back holds the root. What is remembered is the sum of the squares.',
    },
    'one sum for a whole tensor': {
      wrong: (i) => {
        const total = (k: number) =>
          i.state.sum[k]!.sum().item() + i.gradients[k]!.data.reduce((sum, g) => sum + g * g, 0);
        return {
          parameters: i.parameters.map((p, k) =>
            p.sub(i.gradients[k]!.mul(i.settings.learningRate / (Math.sqrt(total(k)) + i.settings.epsilon))),
          ),
          state: { sum: i.parameters.map((_, k) => i.state.sum[k]!.add(i.gradients[k]!.square())) },
        };
      },
      says: 'You divide a whole tensor by the length of all its gradients. Every single number has its own sum; that is the point.',
    },
    'gradient itself for its square': {
      wrong: (i) => withSum(i, (w, g, s, rate, eps) => [w - (rate * g) / (Math.sqrt(s + g) + eps), s + g]),
      says: 'You add up the gradients themselves: what goes up and down cancels, and the root of a negative sum is NaN. It is their squares that are added.',
    },
    'only the newest square': {
      wrong: (i) => withSum(i, (w, g, _s, rate, eps) => [w - (rate * g) / (Math.abs(g) + eps), g * g]),
      says: 'Your sum holds the newest square only. It should remember all gradients since the beginning.',
    },
    climbing: {
      wrong: (i) => withSum(i, (w, g, s, rate, eps) => [w + (rate * g) / (Math.sqrt(s + g * g) + eps), s + g * g]),
      says: 'You walk with the gradient, and it points to where the loss grows.',
    },
  },
  hints: [
    'A number whose gradients were large should now take smaller steps, and one that was rarely touched larger ones.',
    'The sum has the shape of its parameter; all of it happens entry by entry.',
    's′ = s + g², then θ′ = θ − η g / (√s′ + ε).',
    'const sum = state.sum.map((s, i) => s.add(gradients[i].square())); each step is g.mul(learningRate).div(sum[i].sqrt().add(epsilon)).',
  ],
});

type Rmsprop = 'learningRate' | 'decay' | 'epsilon';
/** What the step η g is divided by, and the mean that is kept. */
type RmspropRule = (w: number, g: number, s: number, rho: number, eps: number) => [divisor: number, mean: number];
const withMean = (i: Step<Rmsprop, 'meanSquare'>, rule: RmspropRule) =>
  step(i, ['meanSquare'], (w, g, [s], { learningRate, decay, epsilon }) => {
    const [divisor, mean] = rule(w, g, s!, decay, epsilon);
    return [w - (learningRate * g) / divisor, mean];
  });

const rmspropStep = exercise({
  points: 2,
  inputs: {
    parameters: tensors(),
    gradients: tensors(),
    state: record({ meanSquare: tensors(positive) }),
    settings: record({ learningRate: rate, decay: choice<number>(0.75, 0.875, 0.5), epsilon }),
  },
  sizes,
  oracle: (i) =>
    withMean(i, (_, g, s, rho, eps) => {
      const mean = rho * s + (1 - rho) * g * g;
      return [Math.sqrt(mean) + eps, mean];
    }),
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects(
      'lists that do not fit together, or settings out of range',
      misfits(
        { meanSquare: one(0, 0) },
        { learningRate: 0.1, decay: 0.9, epsilon: 0.01 },
        { state: { meanSquare: one(0) } },
        { settings: { learningRate: 0.1, decay: 1, epsilon: 0.01 } },
        { settings: { learningRate: 0.1, decay: 0.9, epsilon: 0 } },
      ),
    ),
  ],
  misconceptions: {
    'without ε': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho) => {
          const mean = rho * s + (1 - rho) * g * g;
          return [mean === 0 ? 1 : Math.sqrt(mean), mean];
        }),
      says: 'ε changes nothing in your result.',
    },
    'mean not kept': {
      wrong: (i) => withMean(i, (_, g, s, rho, eps) => [Math.sqrt(rho * s + (1 - rho) * g * g) + eps, s]),
      says: 'The state you give back holds the old mean.',
    },
    'epsilon inside the root': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const mean = rho * s + (1 - rho) * g * g;
          return [Math.sqrt(mean + eps), mean];
        }),
      says: 'Is your epsilon inside the root? It is added after it.',
    },
    'ρ and 1 − ρ swapped': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const mean = (1 - rho) * s + rho * g * g;
          return [Math.sqrt(mean) + eps, mean];
        }),
      says: 'You keep 1 − ρ of the past and take ρ of the present. With ρ = 0.9 it is the past that should weigh more.',
    },
    'sum in place of a mean': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const sum = rho * s + g * g;
          return [Math.sqrt(sum) + eps, sum];
        }),
      says: 'The new square enters whole, without 1 − ρ. Then it is no mean: with equal gradients it settles far above their square.',
    },
    'never forgets': {
      wrong: (i) => withMean(i, (_, g, s, _rho, eps) => [Math.sqrt(s + g * g) + eps, s + g * g]),
      says: 'That is Adagrad: your sum only grows. Here the past fades, by ρ with every step.',
    },
    'square forgotten': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const mean = rho * s + (1 - rho) * Math.abs(g);
          return [Math.sqrt(mean) + eps, mean];
        }),
      says: 'The mean is taken of the sizes of the gradients. It is the squares that are averaged, and the root brings them back.',
    },
    'root forgotten': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const mean = rho * s + (1 - rho) * g * g;
          return [mean + eps, mean];
        }),
      says: 'You divide by the mean square itself. Take its root, so that the step no longer depends on the unit of the gradient.',
    },
    'old mean': {
      wrong: (i) => withMean(i, (_, g, s, rho, eps) => [Math.sqrt(s) + eps, rho * s + (1 - rho) * g * g]),
      says: 'You divide by the mean before this gradient entered it.',
    },
    'gradient itself for its square': {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const mean = rho * s + (1 - rho) * g;
          return [Math.sqrt(mean) + eps, mean];
        }),
      says: 'You average the gradients themselves: what goes up and down cancels, and the root of a negative mean is NaN. It is their squares that are averaged.',
    },
    climbing: {
      wrong: (i) =>
        withMean(i, (_, g, s, rho, eps) => {
          const mean = rho * s + (1 - rho) * g * g;
          return [-(Math.sqrt(mean) + eps), mean];
        }),
      says: 'You walk with the gradient, and it points to where the loss grows.',
    },
  },
  hints: [
    'Adagrad with a memory that fades: how large were the gradients lately?',
    'The mean has the shape of its parameter; all of it happens entry by entry.',
    's′ = ρ s + (1 − ρ) g², then θ′ = θ − η g / (√s′ + ε).',
    'state.meanSquare.map((s, i) => s.mul(decay).add(gradients[i].square().mul(1 - decay)))',
  ],
});

type Adam = 'learningRate' | 'beta1' | 'beta2' | 'epsilon';
type AdamStep<S extends string = Adam> = Omit<Step<S, 'm' | 'v'>, 'state'> & {
  state: { step: number; m: Tensor[]; v: Tensor[] };
};

/** What one number goes through, with the places where students slip as switches. */
interface AdamSlips {
  /** The t of the correction, from the number of updates made so far. */
  t?: (step: number) => number;
  /** Which of the two are corrected. */
  correct?: 'both' | 'm' | 'v' | 'none';
  /** The step's length from m̂, v̂ and ε. */
  ratio?: (m: number, v: number, eps: number, correction: number) => number;
  keepCorrected?: boolean;
  square?: (g: number) => number;
  step?: (step: number) => number;
  swap?: boolean;
  sign?: number;
  /** What the weight is before the step, and what enters as gradient. */
  shrink?: (w: number) => number;
  gradient?: (g: number, w: number) => number;
  /** What becomes of the weight after the step. */
  after?: (w: number) => number;
  /** More to subtract, times η. */
  more?: (w: number, root: number) => number;
}

function adam(i: AdamStep, slips: AdamSlips = {}): ValueRecord {
  const { m, v, step: before } = i.state;
  const t = slips.t ? slips.t(before) : before + 1;
  const { correct = 'both' } = slips;
  const moved = step({ ...i, state: { m, v } }, ['m', 'v'], (w, g0, [m0, v0], s) => {
    const [b1, b2] = slips.swap ? [s.beta2, s.beta1] : [s.beta1, s.beta2];
    const g = slips.gradient ? slips.gradient(g0, w) : g0;
    const mean = b1 * m0! + (1 - b1) * g;
    const square = b2 * v0! + (1 - b2) * (slips.square ? slips.square(g) : g * g);
    const mHat = correct === 'both' || correct === 'm' ? mean / (1 - b1 ** t) : mean;
    const vHat = correct === 'both' || correct === 'v' ? square / (1 - b2 ** t) : square;
    const ratio = slips.ratio ? slips.ratio(mHat, vHat, s.epsilon, 1 - b2 ** t) : mHat / (Math.sqrt(vHat) + s.epsilon);
    const more = slips.more ? slips.more(w, Math.sqrt(vHat) + s.epsilon) : 0;
    const next = (slips.shrink ? slips.shrink(w) : w) - (slips.sign ?? 1) * s.learningRate * (ratio + more);
    return [slips.after ? slips.after(next) : next, ...(slips.keepCorrected ? [mHat, vHat] : [mean, square])];
  });
  return { ...moved, state: { step: slips.step ? slips.step(before) : before + 1, ...moved.state } };
}

const adamInputs = {
  parameters: tensors(),
  gradients: tensors(),
  state: record({ step: integer(0, 5), m: tensors(), v: tensors(positive) }),
};
const adamSettings = {
  learningRate: rate,
  beta1: choice<number>(0.75, 0.5, 0.875),
  beta2: choice<number>(0.9375, 0.875),
  epsilon,
};
const adamMisfits = (settings: ValueRecord) =>
  misfits(
    { step: 0, m: one(0, 0), v: one(0, 0) },
    settings,
    { state: { step: 0, m: one(0), v: one(0, 0) } },
    { state: { step: 0, m: one(0, 0), v: one(0) } },
    { settings: { ...settings, beta1: 1 } },
    { settings: { ...settings, beta2: -0.5 } },
    { settings: { ...settings, epsilon: 0 } },
  );
const usual = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 0.01 };
const zeroState = { step: 0, m: one(0, 0), v: one(0, 0) };

const adamStep = exercise({
  points: 4,
  inputs: { ...adamInputs, settings: record(adamSettings) },
  sizes,
  // The definition, one number at a time; no switch of adam() is touched.
  oracle: ({ parameters, gradients, state, settings }) => {
    const { learningRate, beta1, beta2, epsilon } = settings;
    const t = state.step + 1;
    const entry = (k: number, e: number) => {
      const g = gradients[k]!.data[e]!;
      const m = beta1 * state.m[k]!.data[e]! + (1 - beta1) * g;
      const v = beta2 * state.v[k]!.data[e]! + (1 - beta2) * g * g;
      const move = (learningRate * (m / (1 - beta1 ** t))) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
      return { m, v, w: parameters[k]!.data[e]! - move };
    };
    const part = (name: 'm' | 'v' | 'w') =>
      parameters.map(
        (p, k) =>
          new Tensor(
            p.shape,
            Float64Array.from(p.data, (_, e) => entry(k, e)[name]),
          ),
      );
    return { parameters: part('w'), state: { step: t, m: part('m'), v: part('v') } };
  },
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects('lists that do not fit together, or settings out of range', adamMisfits(usual), { worth: 1 }),
  ],
  examples: [
    { parameters: one(1, -2), gradients: one(0.5, -1), state: zeroState, settings: usual },
    { parameters: one(0, 0), gradients: one(100, 0.25), state: zeroState, settings: usual },
  ],
  misconceptions: {
    't one too large': {
      wrong: (i) => adam(i, { t: (step) => step + 2 }),
      says: 'Your t is one too large, as if the step had been counted twice. At the first update t is 1.',
    },
    't lags behind by one': {
      wrong: (i) => adam(i, { t: (step) => Math.max(1, step) }),
      says: 'Your t is 1 in the first two updates. It is the number of updates made so far, plus one for this one; no maximum is needed.',
    },
    'β₁ for both': {
      wrong: (i) => adam({ ...i, settings: { ...i.settings, beta2: i.settings.beta1 } }),
      says: 'β₂ changes nothing in your result. It is the memory of the squares.',
    },
    'β₂ for both': {
      wrong: (i) => adam({ ...i, settings: { ...i.settings, beta1: i.settings.beta2 } }),
      says: 'β₁ changes nothing in your result. It is the memory of the gradients.',
    },
    'root forgotten': {
      wrong: (i) => adam(i, { ratio: (m, v, eps) => m / (v + eps) }),
      says: 'You divide by v̂ itself. Without the root, gradients ten times as large would make steps ten times as small.',
    },
    'no correction, and ε inside the root': {
      wrong: (i) => adam(i, { correct: 'none', ratio: (m, v, eps) => m / Math.sqrt(v + eps) }),
      says: 'Two things: m and v start at zero and are not corrected by 1 − βᵗ, and ε stands inside the root. It is added after it.',
    },
    'old m in the step': {
      wrong: (i) => {
        const { beta1, beta2, learningRate, epsilon } = i.settings;
        const t = i.state.step + 1;
        const right = adam(i);
        const w = i.parameters.map(
          (p, k) =>
            new Tensor(
              p.shape,
              Float64Array.from(p.data, (x, e) => {
                const g = i.gradients[k]!.data[e]!;
                const v = (beta2 * i.state.v[k]!.data[e]! + (1 - beta2) * g * g) / (1 - beta2 ** t);
                return x - (learningRate * (i.state.m[k]!.data[e]! / (1 - beta1 ** t))) / (Math.sqrt(v) + epsilon);
              }),
            ),
        );
        return { ...right, parameters: w };
      },
      says: 'Your step uses the m that came in, so this gradient is not felt until the next one.',
    },
    'new gradient enters whole': {
      wrong: (i) => {
        const { beta1 } = i.settings;
        return adam(
          { ...i, gradients: i.gradients.map((g) => g.div(1 - beta1)) },
          { square: (g) => (g * (1 - beta1)) ** 2 },
        );
      },
      says: 'The new gradient enters m whole, without 1 − β₁. Then m is no mean: it settles at ten times the gradient for β₁ = 0.9.',
    },
    't counted from 0': {
      wrong: (i) => adam(i, { t: (step) => step }),
      says: 'Your t is the number of updates before this one. In the first step it is 0, 1 − β⁰ is 0, and 0/0 is NaN; the first update has t = 1.',
    },
    'no bias correction': {
      wrong: (i) => adam(i, { correct: 'none' }),
      says: 'm and v start at zero and are still far too small in the first steps, v more so than m. The correction by 1 − βᵗ is missing.',
    },
    'corrected values stored': {
      wrong: (i) => adam(i, { keepCorrected: true }),
      says: 'You store m̂ and v̂ as the new state. The next step would correct them once more; the correction is for this step’s use only.',
    },
    'only m corrected': {
      wrong: (i) => adam(i, { correct: 'm' }),
      says: 'v is used without its correction. In the first step √v is then about thirty times too small for β₂ = 0.999, and the step thirty times too long.',
    },
    'only v corrected': {
      wrong: (i) => adam(i, { correct: 'v' }),
      says: 'm is used without its correction, so that the first steps are far too short.',
    },
    'epsilon inside the root': {
      wrong: (i) => adam(i, { ratio: (m, v, eps) => m / Math.sqrt(v + eps) }),
      says: 'Is your epsilon inside the root? It is added after it.',
    },
    'epsilon before the correction': {
      wrong: (i) => adam(i, { ratio: (m, v, eps, c) => m / ((Math.sqrt(v * c) + eps) / Math.sqrt(c)) }),
      says: 'You add epsilon to √v before the correction, which then stretches epsilon too. Correct v first, then take the root, then add.',
    },
    'correction without t': {
      wrong: (i) => adam(i, { t: () => 1 }),
      says: 'You divide by 1 − β in every step. That is right in the first one only; later the means need less and less correction.',
    },
    'betas swapped': {
      wrong: (i) => adam(i, { swap: true }),
      says: 'β₁ and β₂ have changed places: β₁ belongs to the gradients, β₂ to their squares.',
    },
    'gradient not squared': {
      wrong: (i) => adam(i, { square: (g) => Math.abs(g) }),
      says: 'v averages the sizes of the gradients. It is the squares that are averaged.',
    },
    'step not counted': {
      wrong: (i) => adam(i, { step: (step) => step }),
      says: 'The state you give back has the old step, so that every step will take itself for the same one.',
    },
    climbing: {
      wrong: (i) => adam(i, { sign: -1 }),
      says: 'You walk with the gradient, and it points to where the loss grows.',
    },
    'gradient itself for its square': {
      wrong: (i) => adam(i, { square: (g) => g }),
      says: 'v averages the gradients themselves: what goes up and down cancels, and the root of a negative mean is NaN. It is their squares that are averaged.',
    },
    'root before the correction': {
      wrong: (i) => adam(i, { ratio: (m, v, eps, c) => m / (Math.sqrt(v * c) / c + eps) }),
      says: 'You take the root of v first and correct it afterwards, by the whole factor. The correction belongs to the mean of the squares: correct v, then take the root.',
    },
  },
  hints: [
    'Two memories: where the gradients point on average, and how large they are. The step is one divided by (the root of) the other.',
    'm and v have the shape of their parameter; t is one number for all.',
    'm′ = β₁ m + (1 − β₁) g and v′ = β₂ v + (1 − β₂) g² are stored. For the step use m′ / (1 − β₁ᵗ) and v′ / (1 − β₂ᵗ), t = step + 1.',
    'x.div(1 - beta1 ** step).mul(learningRate).div(v[i].div(1 - beta2 ** step).sqrt().add(epsilon)), with x = m[i] and step = state.step + 1.',
  ],
});

type AdamW = Adam | 'weightDecay';
const decayed = (i: AdamStep<AdamW>, slips: (shrink: number, decay: number, rate: number) => AdamSlips) => {
  const { learningRate, weightDecay } = i.settings;
  return adam(i, slips(1 - learningRate * weightDecay, weightDecay, learningRate));
};

const adamwStep = exercise({
  points: 3,
  uses: ['adamStep'],
  inputs: { ...adamInputs, settings: record({ ...adamSettings, weightDecay: choice<number>(0.25, 0.5, 0.125) }) },
  sizes,
  oracle: ({ parameters, gradients, state, settings }) => {
    const { learningRate, beta1, beta2, epsilon, weightDecay } = settings;
    const t = state.step + 1;
    const entry = (k: number, e: number) => {
      const [w, g] = [parameters[k]!.data[e]!, gradients[k]!.data[e]!];
      const m = beta1 * state.m[k]!.data[e]! + (1 - beta1) * g;
      const v = beta2 * state.v[k]!.data[e]! + (1 - beta2) * g * g;
      const move = m / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon);
      return { m, v, w: w - learningRate * weightDecay * w - learningRate * move };
    };
    const part = (name: 'm' | 'v' | 'w') =>
      parameters.map(
        (p, k) =>
          new Tensor(
            p.shape,
            Float64Array.from(p.data, (_, e) => entry(k, e)[name]),
          ),
      );
    return { parameters: part('w'), state: { step: t, m: part('m'), v: part('v') } };
  },
  checks: [
    agrees({ cases: 20 }),
    pure(),
    rejects(
      'lists that do not fit together, or settings out of range',
      [
        ...adamMisfits({ ...usual, weightDecay: 0.1 }),
        {
          parameters: one(1, 2),
          gradients: one(1, 1),
          state: zeroState,
          settings: { ...usual, weightDecay: -0.1 },
        },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    {
      parameters: one(1, -2),
      gradients: one(0.5, -1),
      state: zeroState,
      settings: { ...usual, weightDecay: 0.1 },
    },
  ],
  misconceptions: {
    'no bias correction': {
      wrong: (i) => decayed(i, (shrink) => ({ shrink: (w) => shrink * w, correct: 'none' })),
      says: 'm and v start at zero and are still far too small in the first steps. The correction by 1 − βᵗ is missing.',
    },
    'both decays': {
      wrong: (i) => decayed(i, (shrink, decay) => ({ shrink: (w) => shrink * w, gradient: (g, w) => g + decay * w })),
      says: 'The weights decay twice: by themselves, and once more through the gradient, which should know nothing of the decay.',
    },
    'decay through the gradient': {
      wrong: (i) => decayed(i, (_, decay) => ({ gradient: (g, w) => g + decay * w })),
      says: 'You add λθ to the gradient, so that it goes through m, v and the root: that is Adam with an L2 penalty. Weights with large gradients then hardly decay at all; AdamW decays all alike.',
    },
    'decay without the rate': {
      wrong: (i) => decayed(i, (_, decay) => ({ shrink: (w) => (1 - decay) * w })),
      says: 'Every step takes λ of the weight away. It should be η λ: a smaller rate decays more slowly too.',
    },
    'no decay': {
      wrong: (i) => adam(i),
      says: 'This is plain Adam; the weight decay changes nothing in your result.',
    },
    'decay after the step': {
      wrong: (i) => decayed(i, (shrink) => ({ after: (w) => shrink * w })),
      says: 'You shrink the weights after the step, and so a part of the step as well. Shrink what was there before.',
    },
    'decay divided by the root': {
      wrong: (i) => decayed(i, (_, decay) => ({ more: (w, root) => (decay * w) / root })),
      says: 'The decay is divided by √v̂ + ε together with m̂. It is decoupled only if it stands beside the fraction.',
    },
    'decay with the wrong sign': {
      wrong: (i) => decayed(i, (shrink) => ({ shrink: (w) => (2 - shrink) * w })),
      says: 'Your decay makes weights grow. With a gradient of zero they should shrink.',
    },
    't counted from 0': {
      wrong: (i) => decayed(i, (shrink) => ({ shrink: (w) => shrink * w, t: (step) => step })),
      says: 'Your t is the number of updates before this one; the first update has t = 1.',
    },
    'corrected values stored': {
      wrong: (i) => decayed(i, (shrink) => ({ shrink: (w) => shrink * w, keepCorrected: true })),
      says: 'You store m̂ and v̂ as the new state. The next step would correct them once more.',
    },
  },
  hints: [
    'Two things happen to a weight, and they know nothing of each other: it shrinks a little, and it takes an Adam step.',
    'The state is Adam’s, from the gradients alone.',
    'θ′ = (1 − η λ) θ − (the step of Adam).',
    'Shrink the parameters first, by w.mul(1 - learningRate * weightDecay), and give them to adamStep with the gradients as they are.',
  ],
});

interface Clip {
  gradients: Tensor[];
  maxNorm: number;
}
const lengthOf = (list: readonly Tensor[]) => {
  let squares = 0;
  for (const t of list) for (const x of t.data) squares += x * x;
  return Math.sqrt(squares);
};
const clipped = ({ gradients }: Clip, factor: number | ((t: Tensor) => number), norm: number): Value => ({
  gradients: gradients.map((t) => t.mul(typeof factor === 'number' ? factor : factor(t))),
  norm,
});

const clipByNorm = exercise({
  points: 3,
  inputs: { gradients: tensors(), maxNorm: choice<number>(1, 2, 0.5, 8) },
  sizes,
  // A limit that is met exactly is a matter of the last bit.
  where: (i) => Math.abs(lengthOf(i.gradients) - i.maxNorm) > 1e-3,
  oracle: ({ gradients, maxNorm }) => {
    const norm = lengthOf(gradients);
    const factor = norm + 1e-6 > maxNorm ? maxNorm / (norm + 1e-6) : 1;
    return {
      gradients: gradients.map(
        (t) =>
          new Tensor(
            t.shape,
            Float64Array.from(t.data, (x) => factor * x),
          ),
      ),
      norm,
    };
  },
  checks: [
    agrees({ cases: 30 }),
    pure(),
    rejects(
      'a limit that is not greater than 0',
      [
        { gradients: one(1), maxNorm: 0 },
        { gradients: one(1), maxNorm: -1 },
        { gradients: one(1), maxNorm: Number.NaN },
      ],
      { worth: 1 },
    ),
  ],
  examples: [
    { gradients: [...one(3, 0), ...one(0, 4)], maxNorm: 1 },
    { gradients: [...one(0.25), ...one(0, 0.25)], maxNorm: 1 },
    { gradients: [...one(0, 0), ...one(0)], maxNorm: 1 },
    { gradients: [], maxNorm: 1 },
    { gradients: [...one(100, -200), ...one(2)], maxNorm: 4 },
  ],
  misconceptions: {
    'larger of the two factors': {
      wrong: (i) => clipped(i, Math.max(1, i.maxNorm / (lengthOf(i.gradients) + 1e-6)), lengthOf(i.gradients)),
      says: 'Long gradients stay as they are and short ones are stretched. You take the larger of 1 and the factor; which of the two never lengthens?',
    },
    'fraction upside down': {
      wrong: (i) => {
        const norm = lengthOf(i.gradients);
        return clipped(i, norm > i.maxNorm ? norm / i.maxNorm : 1, norm);
      },
      says: 'Your factor is the norm over the limit, so gradients that are too long become longer still.',
    },
    'sum of the sizes': {
      wrong: (i) => {
        const norm = i.gradients.reduce((sum, t) => sum + t.abs().sum().item(), 0);
        return clipped(i, Math.min(1, i.maxNorm / (norm + 1e-6)), norm);
      },
      says: 'You add up the sizes of the entries. The length of an arrow is the root of the sum of squares.',
    },
    'longest of the tensors': {
      wrong: (i) => {
        const norm = Math.max(0, ...i.gradients.map((t) => lengthOf([t])));
        return clipped(i, Math.min(1, i.maxNorm / (norm + 1e-6)), norm);
      },
      says: 'Your norm is that of the longest tensor alone. All tensors together are one long arrow, and their squares add up.',
    },
    'each tensor by itself': {
      wrong: (i) => clipped(i, (t) => Math.min(1, i.maxNorm / (lengthOf([t]) + 1e-6)), lengthOf(i.gradients)),
      says: 'Each tensor is shortened by its own length. Then the direction of the step changes; one length and one factor serve them all.',
    },
    'short ones stretched': {
      wrong: (i) => clipped(i, i.maxNorm / (lengthOf(i.gradients) + 1e-6), lengthOf(i.gradients)),
      says: 'Gradients below the limit are made longer. Clipping only ever shortens: when you are near the goal, small steps should stay small.',
    },
    'entries clipped': {
      wrong: (i) => ({
        gradients: i.gradients.map((t) => t.clip(-i.maxNorm, i.maxNorm)),
        norm: lengthOf(i.gradients),
      }),
      says: 'You limit each number by itself (clipping by value), which bends the direction. Here the length of all together is limited.',
    },
    'norm after clipping': {
      wrong: (i) => {
        const factor = Math.min(1, i.maxNorm / (lengthOf(i.gradients) + 1e-6));
        return clipped(i, factor, factor * lengthOf(i.gradients));
      },
      says: 'The norm you return was measured after clipping. People watch this number to see explosions, so it is the one before.',
    },
    'square of the norm': {
      wrong: (i) => {
        const square = lengthOf(i.gradients) ** 2;
        return clipped(i, Math.min(1, i.maxNorm / (square + 1e-6)), square);
      },
      says: 'The root is missing: you compare the sum of the squares with the limit.',
    },
    'norms added up': {
      wrong: (i) => {
        const total = i.gradients.reduce((sum, t) => sum + lengthOf([t]), 0);
        return clipped(i, Math.min(1, i.maxNorm / (total + 1e-6)), total);
      },
      says: 'You add the lengths of the tensors. Lengths do not add (think of two sides at a right angle); their squares do.',
    },
    'without 10⁻⁶': {
      wrong: (i) => {
        const norm = lengthOf(i.gradients);
        return clipped(i, norm > i.maxNorm ? i.maxNorm / norm : 1, norm);
      },
      says: 'You divide by the norm itself. The 10⁻⁶ of the formula guards against a norm of 0, and is in PyTorch’s numbers too.',
    },
    'never clipped': {
      wrong: (i) => clipped(i, 1, lengthOf(i.gradients)),
      says: 'Your gradients come out as they went in, however long they are.',
    },
    'largest entry': {
      wrong: (i) => {
        const norm = Math.max(0, ...i.gradients.flatMap((t) => Array.from(t.data, Math.abs)));
        return clipped(i, Math.min(1, i.maxNorm / (norm + 1e-6)), norm);
      },
      says: 'Your norm is the largest single entry. The length of an arrow is the root of the sum of all squares.',
    },
  },
  hints: [
    'Take all gradients as one long arrow. If it is too long, shorten it, and do not turn it.',
    'One norm for the whole list, one factor for the whole list.',
    'norm = √(Σ g²) over everything; factor = min(1, maxNorm / (norm + 10⁻⁶)).',
    'const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.square().sum().item(), 0)); const factor = Math.min(1, maxNorm / (norm + 1e-6));',
  ],
});

export const optimizers = topic('optimizers', 'Optimizers', {
  sgdStep,
  momentumStep,
  nesterovStep,
  adagradStep,
  rmspropStep,
  adamStep,
  adamwStep,
  clipByNorm,
});
