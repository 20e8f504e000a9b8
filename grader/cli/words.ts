/**
 * The manners that all commands share: how they read their words and flags, how they refuse, how they help.
 *
 * npm takes flags that stand before `--` for its own and hands them on in the environment only:
 * `npm run grade 5 --watch` arrives as the word "5" and npm_config_watch=true, `--seed=7` as npm_config_seed=7, and
 * `--seed 7` as npm_config_seed=true with a stray word "7". A student should not have to know, so `readWords` puts them
 * back. What cannot be put back: `--help`, `-h` and `--version`, which npm answers itself, and flags of npm's own that
 * take a value, such as `--only`: npm drops them without a trace. They work after `--`, and `node grader/cli/… --help`.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import color from 'picocolors';
import { distance, listed, nearest } from '../course/nearest.ts';
import { Refusal } from '../course/refusal.ts';
import { widthFor } from '../reports/colours.ts';
import { wrap } from '../reports/wrap.ts';

/** One flag of a command. */
export interface Flag {
  type: 'boolean' | 'string' | 'number';
  /** What it does, for `--help`. */
  help: string;
  /** What stands for the value in `--help`, as "FILE"; a number is called N. */
  value?: string;
  /** One letter. */
  short?: string;
  /** Whether a word can be this flag's value; used to tell a stray value from an ordinary word. */
  accepts?: (word: string) => boolean;
}

/** What a command is called and understands. */
export interface Command<F extends Record<string, Flag> = Record<string, Flag>> {
  /** The name of the npm script: "reset". */
  name: string;
  /** What it does, in a sentence. */
  about: string;
  /** What may follow the name, one line for each way of use: "chapter-1/neuron". */
  usage: string[];
  flags: F;
  /** How many words it takes at most (default: any number). */
  atMost?: number;
  /** What stands before the flags in an example, where the command needs it: "chapter-1". */
  example?: string;
  /** Whether a word means something to the command by itself, as the name of a chapter does. */
  knows?: (word: string) => boolean;
}

/** What the user said. */
export interface Words<F extends Record<string, Flag> = Record<string, Flag>> {
  words: string[];
  /** The flags that were given; the others are undefined. */
  flags: { [K in keyof F]?: { boolean: boolean; string: string; number: number }[F[K]['type']] };
  help: boolean;
}

const HELP: Flag = { type: 'boolean', short: 'h', help: 'show this' };

/**
 * Reads the words and flags of a command, also the flags that npm took away.
 * @throws Refusal with exit code 2 when the command is used wrongly
 */
export function readWords<F extends Record<string, Flag>>(
  command: Command<F>,
  argv: string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): Words<F> {
  const flags: Record<string, Flag> = { ...command.flags, help: HELP };
  const given: Record<string, boolean | string | number> = {};
  const words: string[] = [];
  const { tokens } = parseArgs({
    args: argv,
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { type, short }]) => [
        name,
        { type: type === 'boolean' ? 'boolean' : 'string', ...(short ? { short } : {}) } as const,
      ]),
    ),
  });

  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const off = flags[token.name] === undefined && token.name.startsWith('no-');
    const name = off ? token.name.slice(3) : token.name;
    const flag = Object.hasOwn(flags, name) ? flags[name]! : unknownFlag(command, token.rawName, name);
    if (off && flag.type !== 'boolean') unknownFlag(command, token.rawName, token.name);
    if (flag.type === 'boolean') {
      if (token.value === undefined) given[name] = !off;
      else if (/^(true|false)$/.test(token.value)) given[name] = (token.value === 'true') !== off;
      else throw new Refusal(`--${name} takes no value.`, `Write just --${name}.`, 2);
    } else {
      const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
      if (missing) throw noValue(command, name, flag);
      given[name] = valueOf(command, name, flag, token.value!);
    }
  }

  if (env.npm_lifecycle_event === command.name) returnFromNpm(command, flags, given, words, env);

  if (command.atMost !== undefined && words.length > command.atMost && !given.help) {
    const extra = words[command.atMost]!;
    throw new Refusal(
      command.atMost === 0
        ? `"npm run ${command.name}" takes no words, but got "${extra}".`
        : `"npm run ${command.name}" takes ${command.atMost === 1 ? 'one word' : `at most ${command.atMost} words`}, but got "${extra}" too.`,
      strayNumber(command, extra, words, env) ?? `Leave it out. ${flagList(command)}`,
      2,
    );
  }
  const { help, ...rest } = given;
  return { words, flags: rest as Words<F>['flags'], help: help === true };
}

/** Puts the flags that npm kept for itself back to where they belong. */
function returnFromNpm(
  command: Command,
  flags: Record<string, Flag>,
  given: Record<string, boolean | string | number>,
  words: string[],
  env: NodeJS.ProcessEnv,
): void {
  const stray: string[] = [];
  for (const [name, flag] of Object.entries(flags)) {
    const value = env[`npm_config_${name.replaceAll('-', '_')}`];
    // Set by hand after "--", or not at all. An empty value is npm's word for false.
    if (value === undefined || name in given) continue;
    if (flag.type === 'boolean') {
      if (value === 'true') given[name] = true;
      else if (value === '' || value === 'false') given[name] = false;
      else throw new Refusal(`--${name} takes no value, but got "${value}".`, `Write just --${name}.`, 2);
    } else if (value === 'true') stray.push(name);
    else if (value !== '') given[name] = valueOf(command, name, flag, value);
  }

  // Numbers first: it is plainest which word is theirs.
  stray.sort((a, b) => Number(flags[b]!.type === 'number') - Number(flags[a]!.type === 'number'));
  for (const name of stray) {
    const flag = flags[name]!;
    let fitting = words.filter((word) => fits(flag, word));
    if (fitting.length > 1) {
      const strangers = fitting.filter((word) => !command.knows?.(word));
      if (strangers.length > 0) fitting = strangers;
    }
    const rivals = stray.filter(
      (other) => other !== name && !(other in given) && fitting.some((w) => fits(flags[other]!, w)),
    );
    if (fitting.length === 0) throw noValue(command, name, flag);
    if (fitting.length > 1 || (rivals.length > 0 && flag.type !== 'number')) {
      throw new Refusal(
        `npm kept "--${name}" to itself, and it is not clear which of ${listed(words.map((w) => `"${w}"`))} belongs to it.`,
        `Write "--" before the flags: ${exampleOf(command)} -- --${name} ${flag.value ?? (flag.type === 'number' ? 'N' : 'VALUE')} …`,
        2,
      );
    }
    given[name] = valueOf(command, name, flag, fitting[0]!);
    words.splice(words.lastIndexOf(fitting[0]!), 1);
  }

  // npm says nothing of a misspelled flag; one letter off is certainly meant for us.
  for (const [key, value] of Object.entries(env)) {
    const name = /^npm_config_(.+)$/.exec(key)?.[1]?.replaceAll('_', '-');
    if (name === undefined || value !== 'true' || name in flags || name.length < 4) continue;
    if (Object.keys(flags).some((flag) => flag.length > 3 && distance(flag, name) === 1)) {
      unknownFlag(command, `--${name}`, name);
    }
  }
}

function fits(flag: Flag, word: string): boolean {
  if (flag.type === 'number' && !isNumber(word)) return false;
  return flag.accepts?.(word) ?? true;
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function valueOf(command: Command, name: string, flag: Flag, text: string): string | number {
  if (flag.type !== 'number') {
    if (text === '') throw noValue(command, name, flag);
    return text;
  }
  if (!isNumber(text)) {
    throw new Refusal(
      `--${name} needs a number, but got "${text}".`,
      `For example: ${exampleOf(command)} -- --${name} 7`,
      2,
    );
  }
  return Number(text);
}

const exampleOf = ({ name, example }: Command) => `npm run ${name}${example === undefined ? '' : ` ${example}`}`;

/** npm drops the names of short flags that stand before `--` (`--n=3`) and hands on the bare value. */
function strayNumber(command: Command, extra: string, words: string[], env: NodeJS.ProcessEnv): string | undefined {
  if (env.npm_lifecycle_event !== command.name || !isNumber(extra)) return undefined;
  const numbers = Object.keys(command.flags).filter((name) => command.flags[name]!.type === 'number');
  const flag = numbers.sort((a, b) => a.length - b.length)[0];
  if (flag === undefined) return undefined;
  const before = words.filter((word) => word !== extra).join(' ');
  return `If it belongs to a flag, npm kept the flag to itself. Write "--" first:\nnpm run ${command.name} ${before} -- --${flag} ${extra}`;
}

function noValue(command: Command, name: string, flag: Flag): Refusal {
  const value = flag.type === 'number' ? '7' : (flag.value ?? 'VALUE');
  return new Refusal(
    `--${name} needs ${flag.type === 'number' ? 'a number' : 'a value'}.`,
    `For example: ${exampleOf(command)} -- --${name} ${value}`,
    2,
  );
}

function unknownFlag(command: Command, raw: string, name: string): never {
  const names = Object.keys({ ...command.flags, help: HELP });
  throw new Refusal(
    `"npm run ${command.name}" has no flag ${raw}.`,
    `Did you mean --${nearest(name, names)}? ${flagList(command)}`,
    2,
  );
}

function flagList(command: Command): string {
  return `Its flags are ${listed([...Object.keys(command.flags), 'help'].map((name) => `--${name}`))}.`;
}

/** What `--help` prints. */
export function helpText(command: Command): string {
  const rows = Object.entries({ ...command.flags, help: HELP }).map(([name, flag]) => {
    const value = flag.type === 'boolean' ? '' : ` ${flag.value ?? (flag.type === 'number' ? 'N' : 'VALUE')}`;
    return [`${flag.short ? `-${flag.short}, ` : ''}--${name}${value}`, flag.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    command.about,
    '',
    ...command.usage.map((line) => `  npm run ${command.name} ${line}`.trimEnd()),
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    '',
  ].join('\n');
}

/** A refusal as the terminal shows it. */
export function refusalText(error: Refusal): string {
  const lines = (text: string) => (process.stderr.isTTY ? wrap(text, widthFor(process.stderr)) : text.split('\n'));
  return `${lines(error.message).map(color.red).join('\n')}\n\n${lines(error.next).join('\n')}\n`;
}

/**
 * Runs a command from start to end: reads its words, answers `--help`, calls `body` and turns what it throws into a
 * message. Sets the exit code: what `body` returns, or 0; 1 when something failed; 2 when the command was used wrongly.
 */
export async function runCommand<F extends Record<string, Flag>>(
  command: Command<F>,
  body: (words: Words<F>) => number | undefined | Promise<number | undefined>,
): Promise<void> {
  try {
    const words = readWords(command);
    if (words.help) process.stdout.write(helpText(command));
    else process.exitCode = (await body(words)) ?? 0;
  } catch (error) {
    // A part of the bundle is gone: start.mjs runs the command from its sources.
    if (isBundleGone(error)) throw error;
    const answer = asRefusal(error);
    process.stderr.write(refusalText(answer));
    process.exitCode = answer.code;
  }
}

function isBundleGone(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const folder = globalThis.courseCache?.folder;
  return code === 'ERR_MODULE_NOT_FOUND' && folder !== undefined && message.includes(path.basename(folder));
}

/** Any error as a refusal: what the operating system said in plain words, and everything else as our own mistake. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const { code, path, message, stack } = (
    error instanceof Error ? error : new Error(String(error))
  ) as NodeJS.ErrnoException;
  const where = path ?? 'a file';
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new Refusal(
      `Not allowed to write or read ${where}.`,
      'Nothing was lost. Check who owns that folder and whether it is read-only, then run the command again.',
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Refusal(`The disk is full: ${where} could not be written.`, 'Make room, then run the command again.');
  }
  if (code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR') {
    return new Refusal(
      `${where} is in the way: ${code === 'EISDIR' ? 'a folder where a file' : 'a file where a folder'} should be.`,
      'Nothing was lost. Move it to another place, then run the command again.',
    );
  }
  return new Refusal(
    `The tool itself failed: ${message}`,
    process.env.DLBH_DEBUG
      ? (stack ?? message)
      : 'That is our mistake, not yours. Please report it; DLBH_DEBUG=1 shows where it happened.',
  );
}
