/** Reading the values that PyTorch computed (test/golden/generate.py). */
import { readFileSync } from 'node:fs';
import { Tensor } from '#tensor';

interface Stored {
  shape: number[];
  data: (number | string)[];
}
interface Case {
  name: string;
  inputs: Record<string, Stored | number>;
  outputs: Record<string, Stored>;
  grads: Record<string, Stored>;
}

/** A stored array as a Tensor; NaN and the infinities are stored as strings. */
function restore({ shape, data }: Stored): Tensor {
  return new Tensor(shape, data.map(Number));
}

function restoreAll(stored: Record<string, Stored | number>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [
      name,
      typeof value === 'number' ? new Tensor([], [value]) : restore(value),
    ]),
  );
}

/** The case of this name in test/golden/<file>.json, every array and number a Tensor. */
export function golden(file: string, name: string) {
  const text = readFileSync(new URL(`../golden/${file}.json`, import.meta.url), 'utf8');
  const found = (JSON.parse(text) as Case[]).find((one) => one.name === name);
  if (!found) throw new Error(`test/golden/${file}.json has no case ${name}`);
  return { inputs: restoreAll(found.inputs), outputs: restoreAll(found.outputs), grads: restoreAll(found.grads) };
}
