/** Runs one workload that trains, and prints the milliseconds of each pass: `node <this> gpt-train-step-C64-L2-T64-B8 10`. */
import { trainings } from './training.ts';

const [name, runs] = process.argv.slice(2);
const work = trainings().find(({ workload }) => workload === name);
if (!work) throw new Error(`There is no workload ${name}.`);
const times: number[] = [];
await work.once();
for (let i = 0; i < Number(runs); i++) times.push(await work.once());
console.log(JSON.stringify(times));
