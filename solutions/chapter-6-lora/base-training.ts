/**
 * How the lab's base was made: chapter 5's GPT with two blocks, trained on the poems of chapter 3, and packed in blocks. Nothing
 * here is yours to write; `npm run base:train` runs it and writes base.ts.
 */
import { Tensor, random } from '#tensor';
import { sequenceLoss } from '../chapter-3-rnn/language-model.ts';
import { gptForward } from '../chapter-5-transformer/gpt.ts';
import type { GptSettings, GptWeights } from '../chapter-5-transformer/gpt.ts';
import { parametersOf, withParameters } from '../chapter-5-transformer/parameters.ts';
import { WRITER, beginning, corpus, newGpt, oneStep, toTokens } from '../chapter-5-transformer/writer.ts';
import type { WriterSettings } from '../chapter-5-transformer/writer.ts';
import { BLOCK, dequantizeMatrix, quantizeMatrix } from './quantization.ts';

export const BASE_SETTINGS: WriterSettings = { ...WRITER, layers: 2 };
export const GPT: GptSettings = { heads: BASE_SETTINGS.heads, activation: 'gelu' };
export const STEPS = 1200;

/** Trains it, for as long as `listen` answers true. */
export function trainBase(steps: number, listen: (losses: number[]) => boolean): GptWeights {
  const { training, characters } = corpus();
  const tokens = toTokens(training, characters);
  let now = beginning(BASE_SETTINGS, characters.length);
  while (now.losses.length < steps) {
    now = oneStep(now, tokens, BASE_SETTINGS, steps);
    if (!listen(now.losses)) break;
  }
  return now.weights;
}

/** All parameters in the order of parametersOf, in blocks of q8_0. Each has a multiple of 32 numbers. */
export function packBase(weights: GptWeights): number[] {
  return parametersOf(weights).flatMap((p) => quantizeMatrix(p.reshape(-1, BLOCK), 'q8_0').bytes);
}

/** The weights that the bytes stand for. */
export function unpackBase(bytes: number[]): GptWeights {
  const form = newGpt(BASE_SETTINGS, corpus().characters.length, random('form'));
  const rows = (bytes.length / 34) | 0;
  const numbers = dequantizeMatrix({ format: 'q8_0', shape: [rows, BLOCK], bytes }).data;
  let at = 0;
  const parameters = parametersOf(form).map((p) => new Tensor(p.shape, numbers.slice(at, (at += p.size))));
  return withParameters(form, parameters);
}

/** The mean loss per character on a text, cut into pieces as long as the context. */
export function lossOn(tokens: number[], forward: (index: number[][]) => Tensor): number {
  const L = BASE_SETTINGS.context;
  let [sum, count] = [0, 0];
  for (let at = 0; at + 1 < tokens.length; at += 8 * L) {
    // Up to eight whole pieces at a time; what is left at the end of the text is a piece of its own.
    const starts = Array.from({ length: 8 }, (_, k) => at + k * L).filter((start) => start + 1 < tokens.length);
    for (const group of [starts.filter((s) => s + L < tokens.length), starts.filter((s) => s + L >= tokens.length)]) {
      if (group.length === 0) continue;
      const pieces = group.map((start) => tokens.slice(start, start + L + 1));
      const places = group.length * (pieces[0].length - 1);
      sum += places * sequenceLoss(forward(pieces.map((p) => p.slice(0, -1))), pieces.map((p) => p.slice(1))).loss; // prettier-ignore
      count += places;
    }
  }
  return sum / count;
}

export const baseLoss = (tokens: number[], weights: GptWeights): number =>
  lossOn(tokens, (index) => gptForward(index, weights, GPT).logits);

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Bytes as text, six bits a letter (base64 without its padding). */
export function toText(bytes: number[]): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b = 0, c = 0] = bytes.slice(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    const letters = [18, 12, 6, 0].map((shift) => LETTERS[(bits >> shift) & 63]);
    text += letters.slice(0, Math.min(4, bytes.length - i + 1)).join('');
  }
  return text;
}

export function fromText(text: string): number[] {
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const letter of text) {
    const six = LETTERS.indexOf(letter);
    if (six < 0) throw new Error(`base.ts is damaged: '${letter}' stands in its weights`);
    bits = ((bits << 6) | six) & 0xffff;
    held += 6;
    if (held >= 8) bytes.push((bits >> (held -= 8)) & 255);
  }
  return bytes;
}
