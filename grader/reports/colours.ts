/** Colours, and whether a stream has them: NO_COLOR, FORCE_COLOR, and otherwise whether a person is looking. */
import picocolors from 'picocolors';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const plain = (text: string) => text;
export const PLAIN: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

export function styleFor(colour: boolean): Style {
  return colour ? picocolors.createColors(true) : PLAIN;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

export function wantsColour(stream: Stream, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Whether ✓ and … can be shown. Old Windows consoles, the Linux console and dumb terminals cannot be relied on. */
export function wantsUnicode(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): boolean {
  if (env.TERM === 'dumb' || env.TERM === 'linux') return false;
  if (platform !== 'win32') return true;
  return (
    Boolean(env.WT_SESSION ?? env.TERM_PROGRAM ?? env.ConEmuTask ?? env.CI) || /^xterm|^alacritty/.test(env.TERM ?? '')
  );
}

/** Lines longer than this are hard to read, however wide the window. */
const WIDEST = 80;

/** The width to print for; 80 when nobody is looking. One column is kept free: some terminals wrap when it is filled. */
export function widthFor(stream: Stream): number {
  const columns = stream.isTTY ? (stream.columns ?? WIDEST) : WIDEST;
  return columns > 0 ? Math.max(24, Math.min(WIDEST, columns)) : WIDEST;
}
