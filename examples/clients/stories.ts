/**
 * What a provider's system does, with the client that `@hey-api/openapi-ts` makes of `openapi/openapi.json`.
 *
 * `make check-clients` generates the client, checks the types of this file, and runs it against a server.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { getFile, sendFile } from './files';
import { client as files } from './files/client.gen';
import { getCompletion, listActivities, registerActivity, reportCompletion } from './pars';
import type { Activity, ActivityIn, CompletionIn, Problem } from './pars';
import { client as pars } from './pars/client.gen';

pars.setConfig({ baseUrl: process.env.PARS_URL!, auth: () => process.env.PARS_KEY! });
files.setConfig({ baseUrl: process.env.FILES_URL! });

/** Register an activity: what may be absent is left out, and enums are checked by the compiler. */
async function register(): Promise<Activity> {
  const body: ActivityIn = {
    title: 'Airway course',
    format: 'live-course',
    start_date: '2021-01-01',
    end_date: '2021-12-31',
    ama_pra_credits: 10,
    delivery_methods: ['online'],
    description: 'Two days in the simulation centre.',
    providership: 'direct',
    listing: { public: false },
  };
  const { data, error } = await registerActivity({ body });
  assert(data, error?.detail);
  assert.notEqual(data.status, 'draft', data.missing.join());
  return data;
}

/** Rebecca Test completed the activity, and has a licence in Tennessee. */
const completionOf = (activity: Activity, credits: number): CompletionIn => ({
  activity_id: activity.activity_id,
  completed_on: '2021-06-12',
  permission: true,
  learner: { first_name: 'Rebecca', last_name: 'Test', date_of_birth: '02/01' },
  cme: [{ state: 'TN', license_id: '444444', credits }],
});

/** Report a completion, then read it again. */
async function report(activity: Activity): Promise<void> {
  const { data: reported, error } = await reportCompletion({ body: completionOf(activity, 2) });
  assert(reported, error?.detail);
  assert.equal(reported.outcome, 'created');
  assert.deepEqual(
    reported.credits.map((credit) => [credit.kind, credit.board, credit.credits]),
    [['cme', 'TN-M', 2]],
  );
  const { data: found } = await getCompletion({ path: { completion_id: reported.completion_id } });
  assert.deepEqual(found?.credits, reported.credits);
}

/** Page through a list to its end. */
async function* everyActivity(): AsyncGenerator<Activity> {
  let cursor: string | undefined;
  do {
    const { data, error } = await listActivities({ query: { limit: 7, cursor } });
    assert(data, error?.detail);
    yield* data.data;
    cursor = data.next_cursor ?? undefined;
  } while (cursor);
}

/** Send the same request twice with one key: the answer is the same, and there is one activity. */
async function retry(): Promise<void> {
  const key = randomUUID();
  const body: ActivityIn = { title: key, format: 'live-course', start_date: '2021-02-01', end_date: '2021-02-02' };
  const headers = { 'Idempotency-Key': key };
  const first = await registerActivity({ body, headers });
  const second = await registerActivity({ body, headers });
  assert.deepEqual(second.data, first.data);
  assert.equal(first.response?.headers.get('Idempotency-Replayed'), null);
  assert.equal(second.response?.headers.get('Idempotency-Replayed'), 'true');
  let made = 0;
  for await (const each of everyActivity()) made += Number(each.title === key);
  assert.equal(made, 1);
}

/** Report what breaks a rule: the problem says where, why, and what to do. */
async function fail(activity: Activity): Promise<void> {
  const { error } = await reportCompletion({ body: completionOf(activity, 60.3) });
  assert(error);
  const problem: Problem = error;
  assert.deepEqual([problem.status, problem.code], [422, 'completion-rejected']);
  assert.equal(problem.errors?.find((each) => each.code === 'credit-quarter')?.pointer, '/cme/0/credits');
  assert(problem.findings?.some((finding) => finding.severity === 'reject' && finding.hint));
}

/** Send a file, and fetch it again byte for byte. */
async function upload(): Promise<void> {
  const content = Uint8Array.from({ length: 16_384 }, (_, place) => place % 256);
  const { data: sent } = await sendFile({
    body: { file: new File([content], 'learners.xlsx'), kind: 'learner-completions' },
  });
  assert.equal(sent?.size, content.length);
  const { data: fetched } = await getFile({ path: { file_id: sent.file_id } });
  assert(fetched);
  assert.deepEqual(new Uint8Array(await fetched.arrayBuffer()), content);
}

async function main(): Promise<void> {
  const activity = await register();
  await report(activity);
  const ids: string[] = [];
  for await (const each of everyActivity()) ids.push(each.activity_id);
  assert(ids.length > 7 && new Set(ids).size === ids.length && ids.includes(activity.activity_id));
  await retry();
  await fail(activity);
  await upload();
  console.log('the TypeScript client told its stories');
}

void main();
