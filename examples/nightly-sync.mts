// The nightly sync of an LMS: send what changed since last night, then read what has become of it.
//
//     PARS=http://127.0.0.1:8000 PARS_API_KEY=… node nightly-sync.mts STATE < changed.ndjson > news.ndjson
//
// Each line of the input is a record as the LMS has it now: the body of a report, with the LMS's own key in
// `client_reference`, and `"cancelled": true` where it is no longer valid. Each line of the output is a completion that
// was reported, changed or decided since the last run; STATE is a small file that remembers how far that was read.
// Refused records are explained on standard error, and the exit code is then 1. A night that broke off is run again with
// the same input: nothing is doubled. A vendor names its provider in `PARS_PROVIDER`. What is wrong with the key, the
// provider or the state ends the night at once, with a sentence: nothing is passed over.
//
// Node 22.18 or later runs this file as it is; for an older one, compile it (`tsc`).

import { existsSync, readFileSync, writeFileSync } from "node:fs";

type Fault = { pointer?: string; detail: string; hint?: string };
type Problem = Fault & { errors?: Fault[] };
type Completion = { completion_id: string };
type Page<Row> = { data: Row[]; next_cursor: string };
type LmsRecord = { client_reference?: string; cancelled?: boolean; [member: string]: unknown };

const COMPLETIONS = "/v1/learner-completions";
const LATER = [429, 500, 502, 503, 504];
// Statuses that are about one record; the others are about the key or the provider, and so about all records.
const OF_RECORD = [409, 413, 422];

const headers: Record<string, string> = {
  Authorization: `Bearer ${process.env.PARS_API_KEY}`,
  "Content-Type": "application/json",
};
if (process.env.PARS_PROVIDER) headers["PARS-Provider"] = process.env.PARS_PROVIDER;

/** Send a request until its answer arrives, and is one that sending again would not change. */
async function call(method: string, path: string, body?: unknown): Promise<Response> {
  for (let attempt = 0; attempt < 8; attempt++) {
    // Longer each time, and not all that wait at the same moment.
    let seconds = 0.2 * 2 ** attempt * (0.5 + Math.random() / 2);
    try {
      const answer = await fetch(process.env.PARS + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      // The body as well: an answer of which half arrives is lost.
      const whole = new Response(answer.status === 204 ? null : await answer.text(), answer);
      if (!LATER.includes(answer.status)) return whole;
      seconds += Number(answer.headers.get("Retry-After") ?? 0);
    } catch {
      // Nobody knows whether it was carried out. Every request here may be sent again.
    }
    await new Promise((resume) => setTimeout(resume, seconds * 1000));
  }
  throw new Error("The service does not answer. Run this night again later: nothing will be doubled.");
}

function endWith(message: string): never {
  console.error(message);
  process.exit(1);
}

/** What a refusal says: a line for each fault, with its place and what to do. */
async function faults(answer: Response): Promise<string[]> {
  const problem = (await answer.json()) as Problem;
  return (problem.errors ?? [problem]).map(({ pointer, detail, hint }) => `${pointer ?? ""} ${detail} ${hint ?? ""}`.trim());
}

/** An answer of success; any other ends the night with what it says. */
async function taken(answer: Response): Promise<Response> {
  return answer.ok ? answer : endWith((await faults(answer)).join("\n"));
}

async function read<Answer>(path: string): Promise<Answer> {
  return (await (await taken(await call("GET", path))).json()) as Answer;
}

/** Create the record, correct it, or withdraw it; tell what is wrong with it, and return whether it was taken. */
async function send({ cancelled, ...record }: LmsRecord): Promise<boolean> {
  if (!record.client_reference) {
    console.error("A record has no client_reference, without which it could be doubled; it was not sent.");
    return false;
  }
  const reference = encodeURIComponent(record.client_reference);
  if (cancelled) {
    const standing = await read<Page<Completion>>(`${COMPLETIONS}?client_reference=${reference}`);
    for (const { completion_id } of standing.data) {
      const answer = await call("DELETE", `${COMPLETIONS}/${completion_id}`);
      if (answer.status !== 404) await taken(answer);
    }
    return true;
  }
  const answer = await call("PUT", `${COMPLETIONS}/by-reference/${reference}`, record);
  if (answer.ok) return true;
  if (!OF_RECORD.includes(answer.status)) await taken(answer);
  for (const fault of await faults(answer)) console.error(`${record.client_reference}: ${fault}`);
  return false;
}

/** Print every completion that something has happened to since the last run. */
async function printNews(state: string): Promise<void> {
  let cursor = existsSync(state) ? readFileSync(state, "utf-8") : "";
  for (;;) {
    const page = await read<Page<{ data: { completion_id?: string } }>>(
      `/v1/events${cursor ? `?after=${encodeURIComponent(cursor)}` : ""}`,
    );
    if (page.data.length === 0) return;
    for (const id of new Set(page.data.map((event) => event.data.completion_id))) {
      const found = id ? await call("GET", `${COMPLETIONS}/${id}`) : undefined;
      // A completion that was withdrawn is found no longer. For any other reason, none is passed over.
      if (found && found.status !== 404) process.stdout.write(`${await (await taken(found)).text()}\n`);
    }
    cursor = page.next_cursor;
    // After the output: a run that breaks off here writes these lines again, and loses none.
    writeFileSync(state, cursor);
  }
}

const [, , state] = process.argv;
if (!state || !process.env.PARS || !process.env.PARS_API_KEY) {
  endWith("PARS=http://… PARS_API_KEY=… node nightly-sync.mts STATE < changed.ndjson > news.ndjson");
}
let refused = 0;
for (const line of readFileSync(0, "utf-8").split("\n")) {
  if (line.trim() && !(await send(JSON.parse(line) as LmsRecord))) refused++;
}
await printNews(state);
process.exitCode = refused ? 1 : 0;
