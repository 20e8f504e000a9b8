/** One submission by itself, as learning platforms ask for it: the same judges and the same result as in a class. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Setting } from '../cli/setting.ts';
import type { Goal } from '../course/grade-run.ts';
import type { Isolation } from '../sandbox/node/isolation.ts';
import { gradeClass } from './batch.ts';
import type { Result } from './result.ts';
import type { Submission } from './submissions.ts';

export interface OneOptions {
  setting: Setting;
  goal: Goal;
  submission: Submission;
  secret: string;
  checks?: string | undefined;
  /** Milliseconds. */
  budget?: number | undefined;
  isolation?: Isolation | undefined;
  collector?: string | undefined;
}

export async function gradeOne({ submission, ...options }: OneOptions): Promise<Result> {
  const out = mkdtempSync(join(tmpdir(), 'result-'));
  try {
    const { store } = await gradeClass({ ...options, out, found: { submissions: [submission], strays: [] }, jobs: 1 });
    return store.read(submission.id)!;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

interface Metadata {
  created_at?: unknown;
  users?: unknown;
}

/** Who handed in, and when, as Gradescope's `submission_metadata.json` says; what it does not say is left out. */
export function fromMetadata(text: string): Pick<Submission, 'id'> & Partial<Submission> {
  let metadata: Metadata = {};
  try {
    metadata = (JSON.parse(text) ?? {}) as Metadata;
  } catch {
    // Then nothing is known.
  }
  const users = (Array.isArray(metadata.users) ? metadata.users : []) as Record<string, unknown>[];
  const word = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const list = (key: string) => users.flatMap((user) => word(user?.[key]) ?? []).sort().join(', ') || undefined; // prettier-ignore
  const [name, email] = [list('name'), list('email')];
  const created = new Date(word(metadata.created_at) ?? NaN);
  return {
    id: email ?? name ?? 'submission',
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(!Number.isNaN(created.getTime()) && { submittedAt: created.toISOString() }),
  };
}
