/** `npm run hint` and `npm run lab` as they are used. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRESS_FILE } from '../../grader/cli/hints-seen.ts';
import { TestCourse } from './course.ts';

describe('npm run hint', () => {
  it('gives one more each time, and says when there are no more', async () => {
    const course = new TestCourse();
    const asked: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { code, out } = await course.run(['hint', 'chapter-1', 'predict']);
      expect(code).toBe(0);
      expect(out).toContain(`chapter-1/perceptron/predict · hint ${i + 1} of 4`);
      asked.push(out.split('\n')[3]!);
    }
    expect(new Set(asked).size).toBe(4);
    const { out } = await course.run(['hint', 'chapter-1/perceptron/predict']);
    expect(out).toContain('no more hints');
    expect(out).toContain('chapters/chapter-1-mp/README.md');
    course.write('chapters/chapter-1-mp/perceptron.md', '# The perceptron\n');
    expect((await course.run(['hint', 'predict'])).out).toContain('chapters/chapter-1-mp/perceptron.md');
    const again = await course.run(['hint', 'predict', '--again']);
    expect(again.out).toContain('hint 4 of 4');
    expect(JSON.parse(course.read(PROGRESS_FILE))).toEqual({ hints: { 'chapter-1/perceptron/predict': 4 } });
    expect((await course.run(['grade', 'chapter-1/neuron'])).out).not.toContain('hint');
  });

  it('finds the next unfinished exercise by itself', async () => {
    const course = new TestCourse();
    course.solve('neuron');
    course.write(PROGRESS_FILE, 'not { JSON');
    expect((await course.run(['hint'])).out).toContain('chapter-1/perceptron/predict · hint 1 of 4');
  });

  it('names the nearest exercise', async () => {
    const course = new TestCourse();
    for (const [words, says] of [
      [['predit'], 'Did you mean chapter-1/perceptron/predict?'],
      [['chapter-1', 'predit'], 'Did you mean chapter-1/perceptron/predict?'],
      [['chapter-1'], 'A hint for which exercise?'],
      [['chapter-1/neuron'], 'A hint for which exercise?'],
      [['chapter-9', 'predict'], 'There is no chapter'],
    ] as const) {
      const { code, err } = await course.run(['hint', ...words]);
      expect(code, words.join(' ')).toBe(2);
      expect(err).toContain(says);
    }
  });
});

describe('npm run lab', () => {
  it('runs with the student’s functions, with settings, and saves its files', async () => {
    const course = new TestCourse();
    for (const topic of ['neuron', 'perceptron', 'linear-unit']) course.solve(topic);
    const { code, out } = await course.run(['lab', 'chapter-1', '--epochs', '7', '--n', '3']);
    expect(code).toBe(0);
    expect(out).toContain('majority of 3');
    expect(out).toContain('Saved in chapters/chapter-1-mp/out/: and.svg, or.svg and xor.svg');
    expect(out.match(/Saved/g)).toHaveLength(1);
    expect(course.read('chapters/chapter-1-mp/out/and.svg')).toContain('<svg');
  });

  it('breaks long sentences where the terminal ends, and leaves tables and curves as they are', async () => {
    const course = new TestCourse();
    const sentence = `  ${'Many words in a row. '.repeat(6)}`.trimEnd();
    const table = `a${' '.repeat(60)}b${' '.repeat(60)}c`;
    const lines = JSON.stringify(`\n${sentence}\n${table}`);
    course.write('chapters/chapter-1-mp/lab.ts', `export function lab(io) {\n  io.print(${lines});\n}\n`);
    const { out } = await course.run(['lab', 'chapter-1']);
    const printed = out.split('\n');
    expect(printed).toContain(table);
    expect(printed.filter((line) => line !== table).every((line) => line.length <= 80)).toBe(true);
    expect(out.replace(table, '').split(/\s+/).join(' ')).toContain(sentence.trim());
    expect(out).toMatch(/^\n {2}Many/);
  });

  it('says what is not written yet, and runs with the solutions meanwhile', async () => {
    const course = new TestCourse();
    const { code, err } = await course.run(['lab', 'chapter-1']);
    expect(code).toBe(1);
    expect(err).toContain('This lab needs predict, which is not written yet.');
    expect(err).toContain('npm run grade chapter-1/perceptron');
    expect((await course.run(['lab', 'chapter-1', '--solutions'])).code).toBe(0);
    expect(existsSync(course.path('chapters/chapter-1-mp/out/solutions/and.svg'))).toBe(true);
  });

  it('refuses settings and chapters that it does not have', async () => {
    const course = new TestCourse();
    expect((await course.run(['lab', 'chapter-1', '--epoch', '3'])).err).toContain('Did you mean --epochs?');
    expect((await course.run(['lab', 'chapter-1', '--n', 'abc'])).err).toContain('npm run lab chapter-1 -- --n 7');
    expect((await course.npm('run -s lab chapter-1 --n=3')).err.replaceAll('\n', ' ')).toContain(
      'npm run lab chapter-1 -- --n 3',
    );
    expect((await course.run(['lab', 'chapter-8'])).code).toBe(2);
    expect((await course.run(['lab'])).err).toContain('The lab of which chapter?');
  });

  it.skipIf(process.platform === 'win32')('stops politely on Ctrl-C, and at once on the second', async () => {
    const course = new TestCourse();
    const endless = (end: string) =>
      `export function lab(io) {\n  io.print('begun');\n  while (${end});\n  io.save('partly.txt', 'so far');\n}\n`;
    course.write('chapters/chapter-1-mp/lab.ts', endless('!io.stopped()'));
    const polite = course.start(['lab', 'chapter-1']);
    await polite.until('begun');
    polite.child.kill('SIGINT');
    expect((await polite.ended).code).toBe(0);
    expect(course.read('chapters/chapter-1-mp/out/partly.txt')).toBe('so far');

    course.write('chapters/chapter-1-mp/lab.ts', endless('true'));
    const stubborn = course.start(['lab', 'chapter-1']);
    await stubborn.until('begun');
    stubborn.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    stubborn.child.kill('SIGINT');
    expect((await stubborn.ended).code).toBe(130);
  });
});
