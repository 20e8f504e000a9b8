/** The judge in the page: the same engine and the same specs as on the command line, in a worker of its own. */
import { CATALOGUE, LIBRARY, SPECS, WORKER } from 'virtual:judge';
import { laterThan } from '../../grader/course/later.ts';
import { normalise } from '../../grader/course/regions.ts';
import { DEFAULT_SEED } from '../../grader/course/seed.ts';
import {
  gradeTopic,
  inSandbox,
  REPORT_SCHEMA,
  total,
  untouchedTopic,
  type Report,
  type Topic,
} from '../../grader/engine/index.ts';
import { runPageLab } from '../../grader/sandbox/page/lab.ts';
import { openPageSandbox, type FrameEnd, type Frames } from '../../grader/sandbox/page/sandbox.ts';
import type { FromJudge, LabEvent, LabTask, Task, ToJudge } from './protocol.ts';

const say = (message: FromJudge, transfer: Transferable[] = []) => postMessage(message, { transfer });

const waiting = new Map<number, (end: FrameEnd) => void>();
let opened = 0;
const frames: Frames = {
  open(script) {
    const frame = ++opened;
    const { port1, port2 } = new MessageChannel();
    const ended = new Promise<FrameEnd>((resolve) => waiting.set(frame, resolve));
    say({ type: 'open', frame, script }, [port2]);
    return { port: port1, ended, close: () => say({ type: 'close', frame }) };
  },
};

async function grade({ chapter: id, topic: name, only, text, skeleton, seed = DEFAULT_SEED }: Task): Promise<Report> {
  const chapter = await SPECS[id]!();
  const topic = chapter.topics.find((each: Topic) => each.name === name)!;
  const report = (one: Report['topics'][number]): Report => ({
    schema: REPORT_SCHEMA,
    assignment: [id, name, only].filter((part) => part !== undefined).join('/'),
    seed,
    isolation: 'page',
    ...total([one]),
    topics: [one],
  });
  if (normalise(text) === normalise(skeleton)) return report(untouchedTopic(chapter, topic, only));
  const sandbox = await openPageSandbox({
    text,
    file: `${chapter.folder}/${name}.ts`,
    worker: WORKER,
    catalogue: CATALOGUE,
    library: LIBRARY,
    later: laterThan(chapter, topic),
    frames,
  });
  try {
    return report(
      await gradeTopic(chapter, topic, inSandbox(sandbox), {
        seed,
        only,
        onCheck: (exercise, check) => say({ type: 'check', exercise: exercise.name, sentence: check.sentence }),
      }),
    );
  } finally {
    await sandbox.close();
  }
}

const lab = (task: LabTask) => {
  const tell = (event: LabEvent) => say({ type: 'lab', event });
  return runPageLab({
    ...task,
    worker: WORKER,
    library: LIBRARY,
    frames,
    on: {
      print: (text) => tell({ kind: 'print', text }),
      progress: (fraction, note) => tell({ kind: 'progress', fraction, note }),
      save: (name, text) => tell({ kind: 'save', name, text }),
    },
  });
};

let queue: Promise<void> = Promise.resolve();
onmessage = ({ data }: MessageEvent<ToJudge>) => {
  if (data.type === 'ended') {
    waiting.get(data.frame)?.(data.end);
    waiting.delete(data.frame);
    return;
  }
  queue = queue.then(() =>
    (data.type === 'lab'
      ? lab(data.task).then((end) => say({ type: 'lab-end', end }))
      : grade(data.task).then((report) => say({ type: 'report', report }))
    ).catch((error: unknown) =>
      say({ type: 'broken', message: String((error as Error | undefined)?.message ?? error) }),
    ),
  );
};
