/**
 * A provider's system, using the client that `@hey-api/openapi-ts` generates from `openapi/openapi.json`.
 *
 * `make check-clients` generates the client, checks the types of this file, and runs it against a server.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import {
  correctCompletion,
  getBatch,
  getBatchFile,
  getCompletion,
  getCompletionHistory,
  getSandbox,
  listActivities,
  listBatchRows,
  listCompletions,
  listEvents,
  previewCompletion,
  registerActivity,
  reportCompletion,
  reportCompletions,
  uploadBatch,
  validateLearner,
} from './pars';
import type { Activity, ActivityIn, Batch, BatchFile, Completion, CompletionIn, ProviderEvent, Problem, ReportedCompletion } from './pars';
import { createClient } from './pars/client';
import { client as pars } from './pars/client.gen';

pars.setConfig({ baseUrl: process.env.PARS_URL!, auth: () => process.env.PARS_KEY! });
const trial = createClient({ baseUrl: process.env.PARS_URL!, auth: () => process.env.PARS_TEST_KEY! });

/** Register an activity: optional fields are left out, and enums are checked by the compiler. */
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
const completionOf = (activity: Activity, credits: number, day = '2021-06-12'): CompletionIn => ({
  activity_id: activity.activity_id,
  completed_on: day,
  permission: true,
  learner: { first_name: 'Rebecca', last_name: 'Test', date_of_birth: '02/01' },
  cme: [{ state: 'TN', license_id: '444444', credits }],
});

/** Preview a completion, report it, then read it again. */
async function report(activity: Activity): Promise<ReportedCompletion> {
  const body = completionOf(activity, 3);
  const { data: preview } = await previewCompletion({ body });
  assert.deepEqual([preview?.acceptable, preview?.outcome], [true, 'created']);
  assert.deepEqual(preview?.credits.map((credit) => credit.credit_id), [null]);
  const { data: reported, error } = await reportCompletion({ body });
  assert(reported, error?.detail);
  assert.equal(reported.outcome, 'created');
  assert.deepEqual(
    reported.credits.map((credit) => [credit.kind, credit.board, credit.credits]),
    [['cme', 'TN-M', 3]],
  );
  const { data: found } = await getCompletion({ path: { completion_id: reported.completion_id } });
  assert.deepEqual(found?.credits, reported.credits);
  return reported;
}

/** Correct the version that was read; with an older version the service refuses, and the client reads again. */
async function correct(activity: Activity, reported: ReportedCompletion): Promise<void> {
  const path = { completion_id: reported.completion_id };
  const seen = { 'If-Match': `"${reported.version}"` };
  const { data: corrected, error } = await correctCompletion({ path, body: completionOf(activity, 4), headers: seen });
  assert(corrected, error?.detail);
  assert.equal(corrected.outcome, 'updated');
  assert.equal(corrected.credits[0]?.credit_id, reported.credits[0]?.credit_id);

  const late = await correctCompletion({ path, body: completionOf(activity, 5), headers: seen });
  assert.deepEqual([late.error?.status, late.error?.code], [412, 'precondition-failed']);

  const read = await getCompletion({ path });
  const now = { 'If-Match': read.response?.headers.get('ETag') ?? '', Prefer: 'return=minimal' };
  const last = await correctCompletion({ path, body: completionOf(activity, 5), headers: now });
  assert.deepEqual([last.response?.status, last.response?.headers.get('ETag')], [204, '"3"']);

  const { data: history } = await getCompletionHistory({ path });
  assert.deepEqual(
    history?.data.map((version) => [version.version, version.action, version.completion.credits[0]?.credits]),
    [
      [3, 'updated', 5],
      [2, 'updated', 4],
      [1, 'created', 3],
    ],
  );
}

/** Report with a minimal answer: that it is done, and its location. */
async function reportInFewWords(activity: Activity): Promise<void> {
  const body = completionOf(activity, 1, '2021-06-30');
  const { response } = await reportCompletion({ body, headers: { Prefer: 'return=minimal' } });
  assert.equal(response?.status, 204);
  const completion_id = response.headers.get('Location')?.split('/').at(-1) ?? '';
  const { data: found } = await getCompletion({ path: { completion_id } });
  assert.equal(`"${found?.version}"`, response.headers.get('ETag'));
}

/** Report several at once: each item has its completion or its problem, and a refused one affects no other. */
async function reportMany(activity: Activity): Promise<void> {
  const items = [
    completionOf(activity, 1, '2021-07-01'),
    completionOf(activity, 60.3, '2021-07-02'),
    completionOf(activity, 1.5, '2021-07-03'),
  ];
  const { data: done, error } = await reportCompletions({
    body: { items },
    headers: { 'Idempotency-Key': randomUUID() },
  });
  assert(done, error?.detail);
  assert.deepEqual([done.summary.created, done.summary.rejected], [2, 1]);
  for (const item of done.items) {
    if (item.completion) {
      assert.deepEqual([item.status, item.completion.outcome], [201, 'created']);
    } else if (item.problem) {
      assert.deepEqual([item.index, item.problem.code], [1, 'completion-rejected']);
      assert(item.problem.errors?.some((error) => error.pointer === '/cme/0/credits'));
    }
  }
}

/** Validate a learner; from then on the opaque id replaces names, birth date and numbers. */
async function validate(activity: Activity): Promise<void> {
  const { data: answer, error } = await validateLearner({
    body: { first_name: 'Rebecca', last_name: 'Test', state: 'TN', license_id: '444444' },
  });
  assert(answer, error?.detail);
  assert(answer.result === 'one' && answer.learner_id, answer.hint);
  const { data: reported } = await reportCompletion({
    body: {
      activity_id: activity.activity_id,
      completed_on: '2021-08-01',
      permission: true,
      learner: { learner_id: answer.learner_id },
      cme: [{ state: 'TN', credits: 1 }],
    },
  });
  assert.equal(reported?.learner.learner_id, answer.learner_id);
}

/** Read every event after a cursor, and return the next cursor. */
async function eventsAfter(cursor?: string): Promise<[ProviderEvent[], string]> {
  const events: ProviderEvent[] = [];
  for (;;) {
    const { data: page, error } = await listEvents({ query: { after: cursor } });
    assert(page, error?.detail);
    events.push(...page.data);
    cursor = page.next_cursor;
    if (page.data.length === 0) return [events, cursor];
  }
}

/** Follow the events of one completion, in their order. */
async function follow({ completion_id, credits }: ReportedCompletion, cursor: string): Promise<void> {
  const ours: ProviderEvent[] = [];
  while (ours.length < 3) {
    await setTimeout(100); // Events follow what they tell of, a moment later.
    const [events, next] = await eventsAfter(cursor);
    ours.push(...events.filter((event) => event.data.completion_id === completion_id));
    cursor = next;
  }
  assert.deepEqual(
    ours.map((event) => [event.type, event.data.credit_id]),
    [
      ['completion.reported', undefined],
      ['credit.corrected', credits[0]?.credit_id],
      ['credit.corrected', credits[0]?.credit_id],
    ],
  );
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

/** List an activity's completions in a chosen order, with their total; the cursor holds the order. */
async function listInOrder(activity: Activity): Promise<void> {
  const activity_id = [activity.activity_id];
  const first = await listCompletions({
    query: { activity_id, sort: '-completed_on,last_name', include: ['total'], limit: 3 },
  });
  assert(first.data, first.error?.detail);
  assert.deepEqual([first.data.total, first.data.total_capped], [5, false]);
  const found: Completion[] = [...first.data.data];
  let cursor = first.data.next_cursor;
  while (cursor !== null) {
    const { data: page, error } = await listCompletions({ query: { cursor, limit: 3 } });
    assert(page, error?.detail);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  assert.deepEqual(
    found.map((completion) => completion.completed_on),
    ['2021-08-01', '2021-07-03', '2021-07-01', '2021-06-30', '2021-06-12'],
  );
  const { data: recent } = await listCompletions({ query: { activity_id, submitted_from: found[4]?.submitted_at } });
  assert.equal(recent?.data.length, 5);
}

/** Send the same request twice with one idempotency key: one activity, and the same answer. */
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
  for await (const activity of everyActivity()) made += Number(activity.title === key);
  assert.equal(made, 1);
}

/** Report something that breaks a rule: the problem says where, why, and what to do. */
async function fail(activity: Activity): Promise<void> {
  const { error } = await reportCompletion({ body: completionOf(activity, 60.3) });
  assert(error);
  const problem: Problem = error;
  assert.deepEqual([problem.status, problem.code], [422, 'completion-rejected']);
  assert.equal(problem.errors?.find((error) => error.code === 'credit-quarter')?.pointer, '/cme/0/credits');
  assert(problem.findings?.some((finding) => finding.severity === 'reject' && finding.hint));
}

/** Ask the sandbox what it always answers, and send a row of its table with a test key. */
async function rehearse(): Promise<void> {
  const { data: sandbox } = await getSandbox({ client: trial });
  const row = sandbox?.cases.find((sample) => sample.says === 'told apart by board ID');
  assert(row);
  const { data: reported, error } = await reportCompletion({ client: trial, body: row.send as CompletionIn });
  assert(reported, error?.detail);
  assert.equal(reported.provider_id, sandbox?.provider_id);
  assert.deepEqual(
    reported.credits.map((credit) => [credit.board, credit.status]),
    row.credits.map((credit) => [credit.board, credit.status]),
  );
}

/** Return a file of a batch. */
async function fetched({ batch_id }: Batch, which: BatchFile): Promise<string> {
  const { data, error } = await getBatchFile({ path: { batch_id, which } });
  assert(data, error?.detail);
  return data.text();
}

/** Upload a file, and wait for it; rejected records come back as sent, with the reasons. */
async function upload(activity: Activity): Promise<void> {
  const bodies = [completionOf(activity, 0.5, '2021-09-01'), completionOf(activity, 60.3, '2021-09-02')];
  const content = bodies.map((body) => JSON.stringify(body)).join('\n');
  const Prefer = 'wait=20';
  const sent = await uploadBatch({
    body: { file: new File([content], 'learners.ndjson'), kind: 'learner-completions', permission_attested: true },
    headers: { Prefer, 'Idempotency-Key': randomUUID() },
  });
  assert(sent.data, sent.error?.detail);
  let batch: Batch = sent.data;
  while (batch.status !== 'completed') {
    const again = await getBatch({ path: { batch_id: batch.batch_id }, headers: { Prefer } });
    assert(again.data, again.error?.detail);
    batch = again.data;
  }
  assert.deepEqual([batch.counts.read, batch.counts.added, batch.counts.rejected], [2, 1, 1]);

  const { data: refused } = await listBatchRows({
    path: { batch_id: batch.batch_id },
    query: { outcome: ['rejected'] },
  });
  assert.deepEqual(refused?.data.map((row) => [row.row, row.completion_id]), [[2, null]]);
  assert(refused?.data[0]?.findings.some((finding) => finding.rule === 'credit-quarter'));
  const { _errors, ...sentBack } = JSON.parse(await fetched(batch, 'rejected'));
  assert(_errors.some((error: { code: string }) => error.code === 'credit-quarter'));
  assert.deepEqual(sentBack, bodies[1]);
  assert.equal(await fetched(batch, 'original'), content);
}

async function main(): Promise<void> {
  const [, cursor] = await eventsAfter();
  const activity = await register();
  const reported = await report(activity);
  await correct(activity, reported);
  await reportInFewWords(activity);
  await reportMany(activity);
  await validate(activity);
  await follow(reported, cursor);
  await listInOrder(activity);
  const ids: string[] = [];
  for await (const activity of everyActivity()) ids.push(activity.activity_id);
  assert(ids.length > 7 && new Set(ids).size === ids.length && ids.includes(activity.activity_id));
  await retry();
  await fail(activity);
  await rehearse();
  await upload(activity);
  console.log('told: create correct page events validate upload problem');
}

void main();
