/** Which topics come after one; free of Node, for the page. */
import type { Chapter, Topic } from '../engine/exercise.ts';

/** Whether a path under the chapters is a topic that comes after this one; chapters are numbered, topics in their order. */
export function laterThan(chapter: Chapter, topic: Topic): (path: string) => boolean {
  const number = (folder: string) => Number(/^chapter-(\d+)/.exec(folder)?.[1] ?? 0);
  const after = chapter.topics.slice(chapter.topics.indexOf(topic) + 1).map(({ name }) => `${chapter.folder}/${name}`);
  return (path) => number(path) > number(chapter.folder) || after.includes(path);
}
