/** `npm run kernel`: compiles the .wat files of solutions/tensor into the .ts files of the same names. For authors. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { runCommand, type Command } from './words.ts';

const FOLDER = new URL('../../solutions/tensor/', import.meta.url);
const HEX = /(?<=const code =\s+')[0-9a-f]*(?=';)/;

/** Without their endings. */
const MODULES = ['simd', 'exponentials'];

const command = {
  name: 'kernel',
  about: 'Compiles the WebAssembly in solutions/tensor into the .ts files beside it. For authors.',
  usage: ['', '-- --check'],
  flags: { check: { type: 'boolean', help: 'only compare; exit code 1 when a .ts file holds something else' } },
} satisfies Command;

await runCommand(command, async ({ flags }) => {
  const { parseWat } = await wabt();
  let code = 0;
  for (const name of MODULES) {
    const module = parseWat(`${name}.wat`, readFileSync(new URL(`${name}.wat`, FOLDER), 'utf8'), { simd: true });
    module.validate();
    const hex = Buffer.from(module.toBinary({}).buffer).toString('hex');
    const target = new URL(`${name}.ts`, FOLDER);
    const text = readFileSync(target, 'utf8');
    if (text.match(HEX)?.[0] === hex) {
      console.log(`${name}.ts holds what ${name}.wat compiles to.`);
    } else if (flags.check) {
      console.log(`${name}.ts does not hold what ${name}.wat compiles to: run "npm run kernel".`);
      code = 1;
    } else {
      writeFileSync(target, text.replace(HEX, hex));
      console.log(`wrote    ${fileURLToPath(target)}, ${hex.length / 2} bytes of code`);
    }
  }
  return code;
});
