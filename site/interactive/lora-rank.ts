/** How much of a change fits through a detour of few numbers. */
import { Tensor, normal, random, zeros } from '#tensor';
import { loraBackward, loraForward, loraInit, mergeLora } from '../../solutions/chapter-6-lora/lora.ts';
import { text } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps } from './parts.ts';

/** The matrices are N by N. */
const N = 12;
const RATE = 0.02;

/** The change that is wanted: of low rank with a little noise, or with nothing in common between its entries. */
function wanted(state: State): Tensor {
  const rng = random(`lora-rank ${state.seed}`);
  if (state.wanted === 'noise') return normal([N, N], rng);
  const rank = state.wanted === 'one' ? 1 : 3;
  const low = normal([N, rank], rng)
    .matmul(normal([rank, N], rng))
    .div(Math.sqrt(rank));
  return low.add(normal([N, N], rng).mul(0.15));
}

/** What the detour has learned of it. Every unit vector is a sample, so the outputs are the columns of the change. */
function learned(state: State, change: Tensor): Tensor {
  const rank = Number(state.rank);
  const every = identity();
  const [w, b] = [zeros(N, N), zeros(N)];
  let adapter = loraInit(normal([rank, N], random(`lora-start ${state.seed}`)), N);
  for (let step = 0; step < Number(state.step); step++) {
    const { y, cache } = loraForward(every, w, b, adapter, rank);
    const { adapter: d } = loraBackward(y.sub(change.T), cache);
    adapter = { A: adapter.A.sub(d.A.mul(RATE)), B: adapter.B.sub(d.B.mul(RATE)) };
  }
  return mergeLora(w, adapter, rank);
}

const identity = () =>
  new Tensor(
    [N, N],
    Float64Array.from({ length: N * N }, (_, i) => (i % (N + 1) === 0 ? 1 : 0)),
  );

/** The share of the wanted change that is still missing, by length. */
const missing = (change: Tensor, now: Tensor): number => change.sub(now).norm() / change.norm();

const CELL = 14;

/** A matrix as squares: the larger the entry, the larger the square; negative ones are hollow. */
function matrix(x: Tensor, left: number, title: string): string {
  const out = [text(left + (N * CELL) / 2, 24, title)];
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) {
      const value = x.at(i, j);
      const side = Math.min(CELL - 1, CELL * Math.sqrt(Math.abs(value) / 3));
      if (side < 1) continue;
      const [cx, cy] = [left + (j + 0.5) * CELL, 40 + (i + 0.5) * CELL];
      const at = `x="${(cx - side / 2).toFixed(1)}" y="${(cy - side / 2).toFixed(1)}" width="${side.toFixed(1)}" height="${side.toFixed(1)}"`;
      out.push(value >= 0 ? `<rect ${at} class="f-query"/>` : `<rect ${at} fill="none" class="s-key"/>`);
    }
  out.push(`<rect x="${left}" y="40" width="${N * CELL}" height="${N * CELL}" fill="none" class="s-neutral"/>`);
  return out.join('');
}

export const figure: Interactive = {
  name: 'lora-rank',
  chapter: 'chapter-6',
  lesson: 'chapter-6-lora/lora',
  title: both('What fits through r numbers', 'r 个数能装下什么'),
  caption: both(
    'The detour learns the change on the left by gradient descent. Give it too small a rank, then enough. Then choose a change without any structure: every further rank helps a little, and none is enough.',
    '旁路用梯度下降学习左边的改变量。先给它过小的秩，再给够。然后选一个毫无结构的改变量：每增加一个秩都有一点帮助，但总是不够。',
  ),
  description: both(
    'Three square matrices side by side: the change that is wanted, what the detour has learned, and what is missing. Filled squares are positive entries, hollow ones negative, and their size says how large.',
    '并排三个方阵：想要的改变量、旁路学到的、还缺的。实心方块为正，空心方块为负，大小表示数值大小。',
  ),
  size: [584, 232],
  controls: [
    {
      kind: 'choice',
      key: 'wanted',
      label: both('The change', '改变量'),
      start: 'three',
      options: [
        { value: 'one', label: both('of rank 1, and a little noise', '秩 1，加少许噪声') },
        { value: 'three', label: both('of rank 3, and a little noise', '秩 3，加少许噪声') },
        { value: 'noise', label: both('nothing but noise', '全是噪声') },
      ],
    },
    { kind: 'slider', key: 'rank', label: both('Rank r', '秩 r'), values: steps(1, 8), start: 2 },
    { kind: 'slider', key: 'step', label: both('Steps', '步数'), values: steps(0, 300, 10), start: 200, play: true },
    { kind: 'slider', key: 'seed', label: both('Seed', '种子'), values: steps(1, 9), start: 1 },
  ],
  draw(state, language) {
    const change = wanted(state);
    const now = learned(state, change);
    const [a, b, c] =
      language === 'zh' ? ['想要的', '学到的 (α/r) B A', '还缺的'] : ['wanted', 'learned: (α/r) B A', 'missing'];
    return [matrix(change, 8, a!), matrix(now, 208, b!), matrix(change.sub(now), 408, c!)].join('');
  },
  say(state) {
    const change = wanted(state);
    const rank = Number(state.rank);
    const left = short(100 * missing(change, learned(state, change)));
    const numbers = 2 * rank * N;
    return both(
      `Rank ${rank} has ${numbers} numbers for the ${N * N} of the matrix; after ${state.step} steps ${left} percent of the change is missing.`,
      `秩 ${rank} 用 ${numbers} 个数代替矩阵的 ${N * N} 个；走了 ${state.step} 步，改变量还缺 ${left}%。`,
    );
  },
};
