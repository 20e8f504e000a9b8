/** `npm run kernel`: compiles solutions/tensor/simd.wat into simd.ts beside it. For authors. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { runCommand, type Command } from './words.ts';

const FOLDER = new URL('../../solutions/tensor/', import.meta.url);
const HEX = /(?<=const code =\s+')[0-9a-f]*(?=';)/;

const command = {
  name: 'kernel',
  about: 'Compiles the matrix product in solutions/tensor/simd.wat into simd.ts. For authors.',
  usage: ['', '-- --check'],
  flags: { check: { type: 'boolean', help: 'only compare; exit code 1 when simd.ts holds something else' } },
} satisfies Command;

await runCommand(command, async ({ flags }) => {
  const module = (await wabt()).parseWat('simd.wat', readFileSync(new URL('simd.wat', FOLDER), 'utf8'), { simd: true });
  module.validate();
  const hex = Buffer.from(module.toBinary({}).buffer).toString('hex');
  const target = new URL('simd.ts', FOLDER);
  const text = readFileSync(target, 'utf8');
  if (text.match(HEX)?.[0] === hex) {
    console.log('simd.ts holds what simd.wat compiles to.');
    return 0;
  }
  if (flags.check) {
    console.log('simd.ts does not hold what simd.wat compiles to: run "npm run kernel".');
    return 1;
  }
  writeFileSync(target, text.replace(HEX, hex));
  console.log(`wrote    ${fileURLToPath(target)}, ${hex.length / 2} bytes of code`);
  return 0;
});
