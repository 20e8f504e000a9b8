/** The messages between a page and its judge, a worker of the page's own. */
import type { Report } from '../../grader/engine/report.ts';
import type { PageLabEnd } from '../../grader/sandbox/page/lab.ts';
import type { FrameEnd } from '../../grader/sandbox/page/sandbox.ts';

/** One run: an exercise of a topic, or all of them. */
export interface Task {
  /** "chapter-1" */
  chapter: string;
  /** "neuron" */
  topic: string;
  only?: string;
  /** The student's file. */
  text: string;
  /** The file as everybody first gets it. */
  skeleton: string;
  seed?: number;
}

/** A lab with the student's own files. */
export interface LabTask {
  /** "chapter-1-mp" */
  chapter: string;
  /** By path under the folder of chapters. */
  files: Record<string, string>;
  options: Record<string, string>;
}

/** What a lab says while it runs. */
export type LabEvent =
  | { kind: 'print'; text: string }
  | { kind: 'progress'; fraction: number; note: string }
  | { kind: 'save'; name: string; text: string };

export type ToJudge =
  { type: 'grade'; task: Task } | { type: 'lab'; task: LabTask } | { type: 'ended'; frame: number; end: FrameEnd };

export type FromJudge =
  | { type: 'open'; frame: number; script: string }
  | { type: 'close'; frame: number }
  /** What is being checked. */
  | { type: 'check'; exercise: string; sentence: string }
  | { type: 'report'; report: Report }
  | { type: 'lab'; event: LabEvent }
  | { type: 'lab-end'; end: PageLabEnd }
  /** The course's own mistake. */
  | { type: 'broken'; message: string };
