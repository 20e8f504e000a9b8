/** `npm run scorecard:mutants -- chapter-1 [topic] [--part 0/2]`: prints the mutants that survive, and the count. */
import { judgeMutants } from './mutation.ts';

const words = process.argv.slice(2);
const at = words.indexOf('--part');
const [index, of] = at < 0 ? [0, 1] : words[at + 1]!.split('/').map(Number);
const [chapter, topic] = at < 0 ? words : words.slice(0, at);
let all = 0;
let survived = 0;
for await (const m of judgeMutants(chapter!, { index: index!, of: of! }, topic)) {
  all++;
  if (m.verdict !== 'pass') continue;
  survived++;
  console.log(`${m.topic}.ts:${m.line} ${m.exercise}: ${m.operator}: ${m.before}  →  ${m.after}`);
}
console.log(`${chapter}: ${survived} of ${all} survived`);
process.exit(0);
