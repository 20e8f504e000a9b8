/** Symbols that mean the same in every chapter. */
import type { Language } from '../build/html.ts';

export interface Symbol {
  tex: string;
  shape?: string;
  says: Record<Language, string>;
  /** The folder of the chapter whose letters have colours. */
  chapter?: string;
}

export const NOTATION: readonly Symbol[] = [
  { tex: 'x', shape: '(n)', says: { en: 'the input of a neuron or a layer', zh: '神经元或层的输入' } },
  { tex: 'y', says: { en: 'the output; in chapter 1 a bit', zh: '输出；在第 1 章是一个比特' } },
  {
    tex: 't',
    says: {
      en: 'the target, what the output should be; in sequences the time step',
      zh: '目标，即输出应有的值；在序列中是时间步',
    },
  },
  {
    tex: 'W,\\ w',
    shape: '(out, in)',
    says: { en: 'weights: a matrix for a layer, a vector for one neuron', zh: '权重：一层是矩阵，一个神经元是向量' },
  },
  { tex: 'b', shape: '(out)', says: { en: 'the bias, added after the weights', zh: '偏置，加在加权和之后' } },
  {
    tex: 'z',
    says: { en: 'a weighted sum before it is bent: the pre-activation', zh: '弯曲之前的加权和，即预激活值' },
  },
  {
    tex: 'L',
    shape: '()',
    says: { en: 'the loss, one number: how wrong the network is', zh: '损失，一个数：网络错得有多厉害' },
  },
  {
    tex: '\\frac{\\partial L}{\\partial x}',
    says: {
      en: 'the gradient of the loss with respect to x; it has the shape of x. In code: `dx`',
      zh: '损失对 x 的梯度，形状与 x 相同。代码中写作 `dx`',
    },
  },
  { tex: '\\theta', says: { en: 'a parameter, or all parameters together', zh: '一个参数，或全部参数' } },
  { tex: '\\eta', says: { en: 'the learning rate', zh: '学习率' } },
  { tex: 'N,\\ B', says: { en: 'the number of samples, the size of a batch', zh: '样本数，批的大小' } },
  { tex: 'T', says: { en: 'the number of time steps', zh: '时间步数' } },
  { tex: 'H', says: { en: 'the width of the hidden state', zh: '隐状态的宽度' } },
  { tex: 'h_t', shape: '(B, H)', says: { en: 'the hidden state after step t', zh: '第 t 步之后的隐状态' } },
  {
    tex: 'c_t',
    shape: '(B, H)',
    says: { en: 'the cell state of an LSTM after step t', zh: '第 t 步之后 LSTM 的细胞状态' },
  },
  {
    tex: 'i, f, g, o',
    shape: '(B, H)',
    says: {
      en: 'input gate, forget gate, candidate and output gate of an LSTM',
      zh: 'LSTM 的输入门、遗忘门、候选值与输出门',
    },
  },
  {
    tex: 'Q,\\ K,\\ V',
    shape: '(B, T, d)',
    chapter: 'chapter-5',
    says: { en: 'queries, keys and values of attention', zh: '注意力的查询、键与值' },
  },
  { tex: '\\odot', says: { en: 'product entry by entry', zh: '逐元素相乘' } },
  { tex: '\\sigma', says: { en: 'the logistic sigmoid, 1 / (1 + e⁻ᶻ)', zh: '逻辑 S 形函数，1 / (1 + e⁻ᶻ)' } },
  { tex: "\\theta'", says: { en: 'what is new after a step', zh: '一步之后的新值' } },
  {
    tex: '\\underset{(2,\\,3)}{A}',
    shape: '(2, 3)',
    says: { en: 'a shape written under its symbol: two rows, three columns', zh: '写在记号下面的形状：两行三列' },
  },
];
