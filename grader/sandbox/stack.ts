/** From V8's stack text, through the bundle's source map, to places in the student's own files. */
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import type { Place } from '../engine/sandbox.ts';

/** The name under which the bundle runs. */
export const bundleName = 'exercise.js';
/** The bundler's name for the namespace of the student's own files; every other frame is the course's. */
export const studentPrefix = 'student:';

/** The places in the student's own files that a stack passes through, innermost first. */
export type StackMapper = (stack: string) => Place[];

/** A mapper for one bundle: its source map and the text of the student's files by their path. */
export function stackMapper(map: string, sources: ReadonlyMap<string, string>): StackMapper {
  let trace: TraceMap | undefined;
  return (stack) => {
    const places: Place[] = [];
    for (const { line, column } of positions(stack)) {
      trace ??= new TraceMap(map);
      const found = originalPositionFor(trace, { line, column });
      if (found.source?.startsWith(studentPrefix) !== true || found.line === null) continue;
      places.push(place(found.source.slice(studentPrefix.length), found.line, found.column + 1, sources));
    }
    return places;
  };
}

/** Where in the bundle; the line counts from 1, the column from 0. */
export function* positions(stack: string): Generator<{ line: number; column: number }> {
  const lines = stack.split('\n');
  // A script that does not compile: "exercise.js:12", the line, and a caret under the place.
  const broken = /^exercise\.js:(\d+)$/.exec(lines[0]);
  if (broken) yield { line: Number(broken[1]), column: Math.max(0, (lines[2] ?? '').indexOf('^')) };
  for (const line of lines) {
    // V8, and then Firefox and Safari.
    const frame = /^(?:\s+at (?:.*\()?|[^\s@]*@)exercise\.js:(\d+):(\d+)\)?$/.exec(line);
    if (frame && Number(frame[1]) > 0 && Number(frame[2]) > 0)
      yield { line: Number(frame[1]), column: Number(frame[2]) - 1 };
  }
}

/** A place with the text of its line; a line after the end of the file counts as its last. */
export function place(file: string, line: number, column: number, sources: ReadonlyMap<string, string>): Place {
  const lines = sources.get(file)?.split(/\r\n|\n|\r/);
  if (!lines) return { file, line, column };
  if (line > lines.length) {
    // Behind the end there is nothing to look at: the last line that says something is shown.
    const last = lines.findLastIndex((text) => text.trim() !== '');
    const text = lines[last] ?? '';
    return { file, line: Math.max(0, last) + 1, column: text.trimEnd().length + 1, text };
  }
  return { file, line, column, text: lines[line - 1] };
}
