/**
 * `npm run reset chapter-1/neuron`: gives a fresh stub, and keeps what the student had written.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BACKUPS, backupsOf, keepBackup, stampOf } from '../course/backups.ts';
import { openCourse, type Course, type Topic } from '../course/layout.ts';
import { listed } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { normalise } from '../course/regions.ts';
import { runCommand, type Command } from './words.ts';

const command = {
  name: 'reset',
  about: `Puts a stub back to how it was at the start. What you wrote is kept in ${BACKUPS}/.`,
  usage: ['chapter-1/neuron', 'chapter-1', 'tensor', 'chapter-1/neuron -- --undo'],
  flags: { undo: { type: 'boolean', help: 'bring back the newest backup instead (twice: back again)' } },
} satisfies Command;

await runCommand(command, ({ words, flags }) => {
  const course = openCourse();
  if (words.length === 0) {
    throw new Refusal(
      'Reset what?',
      `For example: npm run reset chapter-1, or one file of it. There are ${listed(course.folders().map((folder) => folder.name))}.`,
      2,
    );
  }
  const topics = new Map<string, Topic>();
  for (const word of words) {
    const { chapter, topic, fn } = course.resolve(word);
    if (topic && fn !== undefined) {
      throw new Refusal(
        `A reset takes a whole file, not one function of it.`,
        `To reset all of it: npm run reset ${course.word(topic)}. Or undo your changes to ${fn} in your editor.`,
        2,
      );
    }
    for (const each of topic ? [topic] : chapter.topics) topics.set(each.path, each);
  }
  const list = [...topics.values()];
  for (const topic of list) {
    if (existsSync(course.file(topic)) && !statSync(course.file(topic)).isFile()) {
      throw new Refusal(
        `chapters/${topic.path} is a folder, not a file.`,
        'Nothing was changed. Give the folder another name, then run the command again.',
      );
    }
  }
  if (flags.undo) undo(course, list, words);
  else reset(course, list, words);
  return 0;
});

function reset(course: Course, topics: Topic[], words: string[]): void {
  const stamp = stampOf();
  let same = 0;
  let kept = 0;
  for (const topic of topics) {
    const file = course.file(topic);
    const stub = course.skeleton(topic);
    if (!existsSync(file)) {
      write(file, stub);
      console.log(`chapters/${topic.path} was missing; it is back.`);
    } else if (normalise(readFileSync(file, 'utf8')) === stub) same++;
    else {
      const backup = keepBackup(course.root, topic.path, stamp);
      write(file, stub);
      kept++;
      console.log(`chapters/${topic.path} is as it was at the start.`);
      console.log(`  What you had written is in ${backup}`);
    }
  }
  if (same === topics.length) {
    console.log(
      topics.length === 1
        ? `There is nothing to reset: chapters/${topics[0]!.path} is as it was at the start.`
        : `There is nothing to reset: all ${topics.length} files are as they were at the start.`,
    );
  } else if (same > 0) console.log(`${same} other file${same === 1 ? ' was' : 's were'} as at the start already.`);
  if (kept > 0) console.log(`\nTo get it back: npm run reset ${words.join(' ')} -- --undo`);
}

function undo(course: Course, topics: Topic[], words: string[]): void {
  const newest = topics.flatMap((topic) => {
    const backup = backupsOf(course.root, topic.path)[0];
    return backup ? [{ topic, backup }] : [];
  });
  if (newest.length === 0) {
    throw new Refusal(
      `There is no backup of ${listed(words)}.`,
      `Backups are made by "npm run reset" and "npm run update", in ${BACKUPS}/.`,
    );
  }
  // Of a whole chapter, only what went away together: a backup from last week belongs to another reset.
  const last = newest.map(({ backup }) => backup.stamp).reduce((a, b) => (a > b ? a : b));
  const stamp = stampOf();
  for (const { topic, backup } of newest.filter(({ backup }) => backup.stamp === last)) {
    const file = course.file(topic);
    const text = readFileSync(join(course.root, backup.path));
    if (existsSync(file) && readFileSync(file).equals(text)) {
      console.log(`There is nothing to undo: chapters/${topic.path} is the same as its newest backup.`);
      continue;
    }
    const now = existsSync(file) ? keepBackup(course.root, topic.path, stamp) : undefined;
    write(file, text);
    console.log(`chapters/${topic.path} is again what it was in ${backup.path}`);
    if (now) console.log(`  What was there just now is in ${now}; --undo once more brings that back.`);
  }
}

function write(file: string, text: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
