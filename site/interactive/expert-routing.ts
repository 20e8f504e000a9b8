/** Who is asked: tokens of a plane, four experts, and a prejudice. */
import { tensor, type Tensor } from '#tensor';
import { assignmentFractions, balanceLossForward } from '../../solutions/chapter-7-moe/balance.ts';
import { chooseExperts, gateForward } from '../../solutions/chapter-7-moe/router.ts';
import { text, type Role } from '../lessons/svg.ts';
import type { Interactive, State } from './interactive.ts';
import { both, short, steps, wobble } from './parts.ts';

const TOKENS = 60;
/** Each expert's row of the router's matrix: the direction in which its tokens lie. */
const DIRECTIONS = [[1, 1], [-1, 1], [-1, -1], [1, -1]]; // prettier-ignore
const ROLES: readonly Role[] = ['query', 'key', 'value', 'gradient'];

interface Routed {
  x: Tensor;
  chosen: number[][];
  gates: Tensor;
  fractions: Tensor;
  /** (E) the mean probability of each expert */
  means: Tensor;
  loss: number;
}

function route(state: State): Routed {
  const noise = wobble(Number(state.seed), 2 * TOKENS);
  const x = tensor(Array.from({ length: TOKENS }, (_, t) => [noise[2 * t]!, noise[2 * t + 1]!]));
  const bias = tensor([Number(state.bias), 0, 0, 0]);
  const logits = x.matmul(tensor(DIRECTIONS).T).mul(Number(state.sharp)).add(bias);
  const chosen = chooseExperts(logits, Number(state.k));
  const { gates, probabilities } = gateForward(logits, chosen, 'raw');
  return {
    x,
    chosen,
    gates,
    fractions: assignmentFractions(chosen, DIRECTIONS.length),
    means: probabilities.mean(0),
    loss: balanceLossForward(logits, chosen).loss,
  };
}

const [LEFT, TOP, SIDE] = [10, 34, 280];

export const figure: Interactive = {
  name: 'expert-routing',
  chapter: 'chapter-7',
  lesson: 'chapter-7-moe/balance',
  title: both('Four experts and a prejudice', '四个专家和一种偏见'),
  caption: both(
    'Each token asks the expert in whose direction it lies; bars are shares of the assignments, strokes mean probabilities. Raise the bias for expert 0, and watch the balance loss: it notices the shares and the probabilities together. Then let every token ask two.',
    '每个 token 询问它所在方向的专家；横条是分到的份额，竖线是平均概率。提高专家 0 的偏置，看负载均衡损失怎样同时反映份额和概率。再让每个 token 问两个专家。',
  ),
  description: both(
    'On the left a plane of tokens, each written as the number of the expert it asks first, larger the larger its gate. On the right, for each expert, its share of the assignments as a bar and its mean probability as a stroke across it.',
    '左边是一个平面，每个 token 写成它首选专家的编号，门值越大字越大。右边每个专家一根横条表示分到的份额，一道竖线表示平均概率。',
  ),
  size: [560, 330],
  controls: [
    {
      kind: 'slider',
      key: 'bias',
      label: both('Bias for expert 0', '专家 0 的偏置'),
      values: steps(0, 6, 0.5),
      start: 1,
      play: true,
    },
    {
      kind: 'slider',
      key: 'k',
      label: both('Experts for each token', '每个 token 的专家数'),
      values: [1, 2, 3, 4],
      start: 1,
    },
    {
      kind: 'slider',
      key: 'sharp',
      label: both('Length of the router’s rows', '路由向量的长度'),
      values: [0, 0.5, 1, 2, 4],
      start: 2,
    },
    { kind: 'slider', key: 'seed', label: both('Seed', '种子'), values: steps(1, 9), start: 1 },
  ],
  draw(state, language) {
    const { x, chosen, gates, fractions, means } = route(state);
    const out = [
      text(LEFT + SIDE / 2, 20, language === 'zh' ? '首选的专家' : 'first choices'),
      `<rect x="${LEFT}" y="${TOP}" width="${SIDE}" height="${SIDE}" fill="none" class="s-neutral"/>`,
    ];
    chosen.forEach(([first], t) => {
      const [px, py] = [LEFT + (0.5 + 0.46 * x.at(t, 0)) * SIDE, TOP + (0.5 - 0.46 * x.at(t, 1)) * SIDE];
      const size = (10 + 8 * gates.at(t, 0)).toFixed(1);
      out.push(`<text x="${px.toFixed(1)}" y="${(py + 5).toFixed(1)}" text-anchor="middle" font-size="${size}">${first}</text>`); // prettier-ignore
    });
    out.push(text(430, 20, language === 'zh' ? '份额与概率' : 'share, probability'));
    ROLES.forEach((role, e) => {
      const [y, left, width] = [TOP + 24 + e * 64, 340, 200];
      out.push(text(left - 16, y + 22, String(e)));
      out.push(`<rect x="${left}" y="${y}" width="${(width * fractions.at(e)).toFixed(1)}" height="34" class="f-${role}" fill-opacity="0.75"/>`); // prettier-ignore
      out.push(`<rect x="${left}" y="${y}" width="${width}" height="34" fill="none" class="s-neutral"/>`);
      const at = (left + width * means.at(e)).toFixed(1);
      out.push(`<path d="M${at} ${y - 6}V${y + 40}" class="s-neutral" stroke-width="3"/>`);
    });
    return out.join('');
  },
  say(state) {
    const { fractions, means, loss } = route(state);
    const [share, mean] = [short(100 * fractions.at(0)), short(100 * means.at(0))];
    return both(
      `Expert 0 gets ${share} percent of the assignments, with a mean probability of ${mean} percent; the balance loss is ${short(loss)}, and 1 when all is even.`,
      `专家 0 得到 ${share}% 的分配，平均概率 ${mean}%；负载均衡损失为 ${short(loss)}，完全均衡时为 1。`,
    );
  },
};
