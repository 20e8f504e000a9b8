/** The messages between a page and its judge, a worker of the page's own. */
import type { Report } from '../../grader/engine/report.ts';
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

export type ToJudge = { type: 'grade'; task: Task } | { type: 'ended'; frame: number; end: FrameEnd };

export type FromJudge =
  | { type: 'open'; frame: number; script: string }
  | { type: 'close'; frame: number }
  /** What is being checked. */
  | { type: 'check'; exercise: string; sentence: string }
  | { type: 'report'; report: Report }
  /** The course's own mistake. */
  | { type: 'broken'; message: string };
