/** The files in `deploy/` only call our commands: every command and flag in them must exist. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from './people.ts';

const folder = join(repository, 'deploy');
const COMMANDS = ['grade-class', 'merge', 'grade-one'];
const help = (command: string) =>
  execFileSync(process.execPath, ['grader/cli/start.mjs', command, '--help'], { cwd: repository, encoding: 'utf8' });

/** The words behind a command's name, up to the end of the call. */
function calls(text: string, command: string): string[] {
  const joined = text.replace(/\\\n#?\s*/g, ' ');
  return [
    ...joined.matchAll(new RegExp(`(?:npm run --silent|start\\.mjs"?,?|grade) "?${command}\\b([^\\n]*)`, 'g')),
  ].map(([, words]) => words!);
}

describe('the files in deploy/', () => {
  const all = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

  test('there is one for each place that the README names', () => {
    expect(all.map(({ name }) => name).sort()).toEqual([
      'Dockerfile',
      'classroom50-autograder.py',
      'collector.Dockerfile',
      'github-actions.yml',
      'kubernetes.yaml',
    ]);
    const readme = readFileSync(join(repository, 'README.md'), 'utf8');
    for (const { name } of all) expect(readme).toContain(`deploy/${name}`);
  });

  test.each(COMMANDS)('%s is called with flags that it has', (command) => {
    const known = help(command);
    const found = all.flatMap(({ text }) => calls(text, command));
    expect(found.length).toBeGreaterThan(0);
    for (const call of found)
      for (const [flag] of call.matchAll(/--[a-z][\w-]*/g)) expect(known, call).toContain(`${flag} `);
    expect(JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))).toHaveProperty(['scripts', command]);
  });

  test('as many parts are graded as are asked for', () => {
    const actions = all.find(({ name }) => name === 'github-actions.yml')!.text;
    const parts = /part: \[(.*)\]/.exec(actions)![1]!.split(',').length;
    expect(actions).toContain(`$PART/${parts}"`);
    const job = all.find(({ name }) => name === 'kubernetes.yaml')!.text;
    const completions = /completions: (\d+)/.exec(job)![1]!;
    expect(job).toContain(`$((JOB_COMPLETION_INDEX + 1))/${completions}"`);
    expect(job).not.toContain('\t');
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  test.skipIf(!python)('the shim for Classroom 50 is Python', () => {
    const check = 'import ast, sys; ast.parse(open(sys.argv[1]).read())';
    expect(() => execFileSync('python3', ['-c', check, join(folder, 'classroom50-autograder.py')])).not.toThrow();
  });
});
