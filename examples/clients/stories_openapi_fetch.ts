/**
 * A provider's system, using the types that `openapi-typescript` writes and the client `openapi-fetch`.
 *
 * `make check-clients` writes the types, checks this file with them, and runs it against a server.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import createClient from 'openapi-fetch';

import type { components, paths } from './pars';

type Activity = components['schemas']['Activity'];
type CompletionIn = components['schemas']['CompletionIn'];
type Problem = components['schemas']['Problem'];
type ReportedCompletion = components['schemas']['ReportedCompletion'];

const pars = createClient<paths>({
  baseUrl: process.env.PARS_URL!,
  headers: { Authorization: `Bearer ${process.env.PARS_KEY}` },
});

/** The data of an answer; a problem is thrown with what it says. */
function dataOf<T>({ data, error }: { data?: T; error?: Problem }): T {
  if (error) throw new Error(`${error.code}: ${error.detail}`);
  assert(data !== undefined);
  return data;
}

async function register(): Promise<Activity> {
  const made = dataOf(
    await pars.POST('/v1/activities', {
      body: {
        title: 'Airway course',
        format: 'live-course',
        start_date: '2021-01-01',
        end_date: '2021-12-31',
        ama_pra_credits: 10,
        delivery_methods: ['online'],
        description: 'Two days in the simulation centre.',
        providership: 'direct',
        listing: { public: false },
      },
      params: { header: { 'Idempotency-Key': randomUUID() } },
    }),
  );
  assert.notEqual(made.status, 'draft', made.missing.join());
  return made;
}

const completionOf = (activity: Activity, credits: number, day = '2021-06-12'): CompletionIn => ({
  activity_id: activity.activity_id,
  completed_on: day,
  permission: true,
  learner: { first_name: 'Rebecca', last_name: 'Test', date_of_birth: '02/01' },
  cme: [{ state: 'TN', license_id: '444444', credits }],
});

/** Report a completion with an idempotency key, twice: the second answer is the stored one. */
async function create(activity: Activity): Promise<ReportedCompletion> {
  const request = {
    body: completionOf(activity, 3),
    params: { header: { 'Idempotency-Key': randomUUID() } },
  };
  const first = await pars.POST('/v1/learner-completions', request);
  const again = await pars.POST('/v1/learner-completions', request);
  const reported = dataOf(first);
  assert.deepEqual(dataOf(again), reported);
  assert.equal(again.response.headers.get('Idempotency-Replayed'), 'true');
  assert.deepEqual(
    reported.credits.map((credit) => [credit.kind, credit.board, credit.credits]),
    [['cme', 'TN-M', 3]],
  );
  const path = { completion_id: reported.completion_id };
  const found = dataOf(await pars.GET('/v1/learner-completions/{completion_id}', { params: { path } }));
  assert.deepEqual(found.credits, reported.credits);
  return reported;
}

/** Correct the version that was read; with an older version the service refuses. */
async function correct(activity: Activity, { completion_id }: ReportedCompletion): Promise<void> {
  const put = (credits: number, header: { 'If-Match': string; Prefer?: string }) =>
    pars.PUT('/v1/learner-completions/{completion_id}', {
      params: { path: { completion_id }, header },
      body: completionOf(activity, credits),
    });
  const corrected = dataOf(await put(4, { 'If-Match': '"1"' }));
  assert.deepEqual([corrected.outcome, corrected.version], ['updated', 2]);
  const late = await put(5, { 'If-Match': '"1"' });
  assert.deepEqual([late.error?.status, late.error?.code], [412, 'precondition-failed']);
  const minimal = await put(5, { 'If-Match': '"2"', Prefer: 'return=minimal' });
  assert.deepEqual([minimal.response.status, minimal.response.headers.get('ETag')], [204, '"3"']);
}

async function page(activity: Activity): Promise<void> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const listed = dataOf(await pars.GET('/v1/activities', { params: { query: { limit: 7, cursor } } }));
    found.push(...listed.data.map((one) => one.activity_id));
    cursor = listed.next_cursor ?? undefined;
  } while (cursor);
  assert(found.length > 7 && new Set(found).size === found.length && found.includes(activity.activity_id));
  const query = {
    activity_id: [activity.activity_id],
    kind: ['cme' as const],
    include: ['total' as const],
    submitted_from: '2021-06-12',
  };
  const recent = dataOf(await pars.GET('/v1/learner-completions', { params: { query } }));
  assert.deepEqual([recent.total, recent.data.length], [1, 1]);
}

const eventsAfter = async (after?: string) =>
  dataOf(await pars.GET('/v1/events', { params: { query: { after } } }));

async function lastCursor(): Promise<string> {
  let read = await eventsAfter();
  while (read.data.length > 0) read = await eventsAfter(read.next_cursor);
  return read.next_cursor;
}

/** Events appear a moment after the request that caused them was answered. */
async function follow({ completion_id }: ReportedCompletion, cursor: string): Promise<void> {
  const ours: string[] = [];
  while (ours.length < 3) {
    await setTimeout(100);
    const read = await eventsAfter(cursor);
    ours.push(...read.data.filter((event) => event.data.completion_id === completion_id).map((event) => event.type));
    cursor = read.next_cursor;
  }
  assert.deepEqual(ours, ['completion.reported', 'credit.corrected', 'credit.corrected']);
}

async function validate(): Promise<void> {
  const answer = dataOf(
    await pars.POST('/v1/learner-validations', {
      body: { first_name: 'Rebecca', last_name: 'Test', state: 'TN', license_id: '444444' },
    }),
  );
  assert(answer.result === 'one' && answer.learner_id, answer.hint);
}

/** `openapi-typescript` calls a file a string: what is sent is a form, and the file in it is a file. */
function formOf(fields: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value instanceof Blob ? value : String(value));
  return form;
}

/** Upload two records, one of them wrong, and wait; the rejected one comes back as it was sent. */
async function upload(activity: Activity): Promise<void> {
  const bodies = [completionOf(activity, 0.5, '2021-09-01'), completionOf(activity, 60.3, '2021-09-02')];
  const file = new Blob([bodies.map((body) => JSON.stringify(body)).join('\n')]);
  let batch = dataOf(
    await pars.POST('/v1/batches', {
      body: { file: file as unknown as string, kind: 'learner-completions', permission_attested: true },
      bodySerializer: formOf,
      params: { header: { Prefer: 'wait=20', 'Idempotency-Key': randomUUID() } },
    }),
  );
  const path = { batch_id: batch.batch_id };
  while (batch.status !== 'completed') {
    const header = { Prefer: 'wait=20' };
    batch = dataOf(await pars.GET('/v1/batches/{batch_id}', { params: { path, header } }));
  }
  const { read, added, rejected, one } = batch.counts;
  assert.deepEqual([read, added, rejected, one], [2, 1, 1, undefined]);
  const query = { outcome: ['rejected' as const] };
  const refused = dataOf(await pars.GET('/v1/batches/{batch_id}/rows', { params: { path, query } }));
  assert.deepEqual(refused.data.map((row) => row.row), [2]);
  const sentBack = await pars.GET('/v1/batches/{batch_id}/files/{which}', {
    params: { path: { ...path, which: 'rejected' } },
    parseAs: 'text',
  });
  const { _errors, ...sent } = JSON.parse(dataOf<string>(sentBack));
  assert(_errors.some((error: { code: string }) => error.code === 'credit-quarter'));
  assert.deepEqual(sent, bodies[1]);
}

async function fail(activity: Activity): Promise<void> {
  const { error } = await pars.POST('/v1/learner-completions', { body: completionOf(activity, 60.3) });
  assert(error);
  assert.deepEqual([error.status, error.code], [422, 'completion-rejected']);
  assert.equal(error.errors?.find((fault) => fault.code === 'credit-quarter')?.pointer, '/cme/0/credits');
  assert(error.findings?.every((finding) => finding.hint));
}

async function main(): Promise<void> {
  const cursor = await lastCursor();
  const activity = await register();
  const reported = await create(activity);
  await correct(activity, reported);
  await page(activity);
  await follow(reported, cursor);
  await validate();
  await upload(activity);
  await fail(activity);
  console.log('told: create correct page events validate upload problem');
}

void main();
