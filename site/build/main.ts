/** `npm run site`: builds the course site into `site/dist`; with `--serve`, shows it and builds again on every save. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findRoot } from '../../grader/course/layout.ts';
import { Refusal } from '../../grader/course/refusal.ts';
import { runCommand, type Command } from '../../grader/cli/words.ts';
import { isDay } from './release.ts';
import { Site, type Options } from './site.ts';
import { serve } from './serve.ts';

const command = {
  name: 'site',
  about: 'Builds the course site into site/dist: plain files for any host. site/settings.ts has its settings.',
  usage: ['', '-- --serve'],
  atMost: 0,
  flags: {
    serve: { type: 'boolean', help: 'show the site in the browser and build again on every save' },
    port: { type: 'number', help: 'where to serve (default 4321)' },
    today: { type: 'string', value: 'DAY', help: 'build as if it were that day, such as 2026-09-01' },
    out: { type: 'string', value: 'FOLDER', help: 'write there instead' },
    unchecked: { type: 'boolean', help: 'do not run "npm run lessons -- --check" beside the build' },
  },
} satisfies Command;

/** Whether the lessons say what the code yields; runs beside the build, in a process of its own. */
export function lessonsCurrent(root: string): Promise<{ fine: boolean; text: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', join('site', 'lessons', 'main.ts'), '--check'], {
      cwd: root,
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('close', (code) => resolve({ fine: code === 0, text: text.trim() }));
    child.on('error', (error) => resolve({ fine: false, text: error.message }));
  });
}

await runCommand(command, async ({ flags }) => {
  const root = findRoot();
  if (flags.today !== undefined && !isDay(flags.today))
    throw new Refusal(`"${flags.today}" is no day.`, 'Write it as 2026-09-01.', 2);
  const options: Options = {
    ...(flags.out !== undefined && { out: flags.out }),
    ...(flags.today !== undefined && isDay(flags.today) && { today: flags.today }),
    ...(process.env.SITE_URL && { url: process.env.SITE_URL }),
  };
  const site = new Site(root, options);
  if (flags.serve) {
    await serve(site, flags.port ?? 4321, () => lessonsCurrent(root));
    return 0;
  }
  const [report, lessons] = await Promise.all([
    site.build(),
    flags.unchecked ? { fine: true, text: '' } : lessonsCurrent(root),
  ]);
  if (report.mistakes.length > 0) {
    const n = report.mistakes.length;
    throw new Refusal(
      report.mistakes.map(({ file, line, what }) => `${file}:${line}: ${what}`).join('\n'),
      `${n === 1 ? 'One mistake' : `${n} mistakes`}; nothing was written. Mend ${n === 1 ? 'it' : 'them'}, then run "npm run site" again.`,
    );
  }
  if (!lessons.fine)
    throw new Refusal(
      lessons.text,
      'The lessons do not say what the code yields: run "npm run lessons", then "npm run site" again.',
    );
  console.log(`${report.pages} pages in ${site.out}, in ${(report.milliseconds / 1000).toFixed(1)} s.`);
  return 0;
});
