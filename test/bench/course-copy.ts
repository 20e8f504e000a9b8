/** A copy of the course in a temporary folder, to grade, break and time without touching anybody's work. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openCourse } from '../../grader/course/layout.ts';

export interface CourseCopy {
  root: string;
  /** Puts the solutions, or the untouched stubs, in the place of the student's files. */
  fill(kind: 'solved' | 'unsolved'): void;
  remove(): void;
}

export function copyCourse(): CourseCopy {
  const course = openCourse(import.meta.dirname);
  const root = mkdtempSync(join(tmpdir(), 'course-'));
  for (const name of ['package.json', 'tsconfig.json', 'solutions', 'grader', 'chapters/package.json'])
    cpSync(join(course.root, name), join(root, name), { recursive: true });
  symlinkSync(join(course.root, 'node_modules'), join(root, 'node_modules'), 'junction');
  const fill = (kind: 'solved' | 'unsolved') => {
    for (const path of course.source.files()) {
      const to = join(root, 'chapters', path);
      mkdirSync(dirname(to), { recursive: true });
      if (kind === 'solved') cpSync(join(course.root, 'solutions', path), to);
      else writeFileSync(to, course.source.skeleton(path));
    }
  };
  fill('unsolved');
  return { root, fill, remove: () => rmSync(root, { recursive: true, force: true }) };
}
