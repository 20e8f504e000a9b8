/** A judge for tests: submits every misconception of a topic, as functions, through the engine in this very worker. */
import { SPECS } from 'virtual:judge';
import type { FromJudge, ToJudge } from '../../site/playground/protocol.ts';
import { misconceptions } from './misconceptions.ts';

onmessage = async ({ data }: MessageEvent<ToJudge>) => {
  if (data.type !== 'grade') return;
  const { chapter, topic, text } = data.task;
  const report = await misconceptions(await SPECS[chapter]!(), topic, text === 'all');
  postMessage({ type: 'report', report: report as never } satisfies FromJudge);
};
