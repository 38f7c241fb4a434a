import path from "node:path";
import { gzipSync } from "node:zlib";
import { scratchFolder } from "@tagwright/testing";
import { expect, test } from "vitest";
import { type Corpus, type CorpusDocument, describeReport } from "./corpus.ts";
import { CorpusError } from "./corpus-error.ts";
import { openCorpus } from "./open-corpus.ts";

async function all(corpus: Corpus): Promise<CorpusDocument[]> {
  const documents: CorpusDocument[] = [];
  for await (const document of corpus.documents()) documents.push(document);
  return documents;
}

async function read(content: string | Uint8Array, name = "notes.jsonl") {
  const corpus = await openCorpus(path.join(scratchFolder({ [name]: content }), name));
  return { documents: await all(corpus), corpus };
}

async function messageOf(content: string | Uint8Array, name = "notes.jsonl"): Promise<string> {
  const error = await read(content, name).then(
    () => undefined,
    (it: unknown) => it,
  );
  expect(error).toBeInstanceOf(CorpusError);
  return (error as CorpusError).message.replace(/\S*tagwright-test-\w+[/\\]/g, "");
}

const two =
  '{"id":"a","text":"Grass grows.","labels":["green","plants"]}\n{"id":"b","text":"Snow.","labels":["white"]}\n';

test("plain and gzipped lines, with CRLF, a BOM and no last line end, give the same documents", async () => {
  const expected = [
    { id: "a", text: "Grass grows.", labels: ["green", "plants"] },
    { id: "b", text: "Snow.", labels: ["white"] },
  ];
  const variants = [two, two.trimEnd(), `\ufeff${two}`, two.replaceAll("\n", "\r\n"), two.replace("\n", "\n\n  \n")];
  for (const variant of variants) {
    expect((await read(variant)).documents).toEqual(expected);
    expect((await read(gzipSync(variant), "notes.jsonl.gz")).documents).toEqual(expected);
  }
});

test("a line longer than many blocks is read whole, and lines after it keep their numbers", async () => {
  const text = "long word ".repeat(1_048_576);
  const lines = `${JSON.stringify({ id: "big", text, labels: ["x"] })}\n${two}{"id":`;
  expect(await messageOf(lines)).toMatch(/^notes\.jsonl:4: is not JSON/);
  const { documents } = await read(lines.slice(0, -6));
  expect(documents.map((it) => it.text.length)).toEqual([10_485_760, 12, 5]);
});

test("reading again gives the same documents and the same counts", async () => {
  const { documents, corpus } = await read(`${two}{"id":"c","text":" ","labels":["x"]}`);
  expect(await all(corpus)).toEqual(documents);
  expect(corpus.report).toMatchObject({ documents: 2, emptyText: 1 });
  expect(corpus.position.done).toBe(corpus.position.total);
});

test("a line that is not JSON stops the reading with its place, what was found and an example", async () => {
  expect(await messageOf(`${two}id=c text=hello`)).toBe(
    "notes.jsonl:3: is not JSON (Unexpected token 'i'), found \"id=c text=hello\"; " +
      'expected {"id": "a", "text": "Some text.", "labels": ["x", "y"]}',
  );
  expect(await messageOf(`[1]`)).toMatch(/^notes\.jsonl:1: expected an object .* found a list$/);
});

test("a missing or wrong field is named with what stands there instead", async () => {
  const cases: [string, RegExp][] = [
    [
      '{"id":"a","labels":["x"]}',
      /^notes\.jsonl:1: "text" must be a string, found no such field \(fields: "id, labels"\)/,
    ],
    ['{"id":"a","text":7,"labels":["x"]}', /"text" must be a string, found number 7/],
    ['{"text":"t","labels":["x"]}', /"id" must be a string, found no such field/],
    ['{"id":"a","text":"t","labels":"x, y"}', /"labels" must be a list of strings, found "x, y"/],
    ['{"id":"a","text":"t","labels":["x",null]}', /label 2 of "labels" must be a string, found null/],
  ];
  for (const [line, message] of cases) expect(await messageOf(line)).toMatch(message);
});

test("whole numbers are taken as ids and labels", async () => {
  const { documents } = await read('{"id":17,"text":"t","labels":[3,"x"]}');
  expect(documents).toEqual([{ id: "17", text: "t", labels: ["3", "x"] }]);
});

test("unknown fields are ignored and named once", async () => {
  const { corpus } = await read(
    '{"id":1,"text":"t","labels":["x"],"url":0}\n{"id":2,"text":"t","labels":["x"],"url":0}',
  );
  expect(corpus.report.unknownFields).toEqual(new Map([["url", 2]]));
  expect(describeReport(corpus.report)).toEqual(['fields other than "id", "text" and "labels" were ignored: "url"']);
});

test("documents without text, without labels or with a known id are skipped and counted", async () => {
  const { documents, corpus } = await read(
    `${two}{"id":"a","text":"Again.","labels":["x"]}\n{"id":"c","text":"\\n","labels":["x"]}\n{"id":"d","text":"t","labels":[]}`,
  );
  expect(documents.map((it) => it.id)).toEqual(["a", "b"]);
  expect(corpus.report).toMatchObject({ documents: 2, duplicateIds: 1, emptyText: 1, noLabels: 1 });
  expect(describeReport(corpus.report)).toEqual([
    "1 document without labels was skipped",
    "1 document without text was skipped",
    '1 document with an id seen before was skipped (first: "a"); the first of each id was kept',
  ]);
});

test("no usable document at all is an error that counts why", async () => {
  expect(await messageOf('{"id":"a","text":"t","labels":[]}')).toMatch(
    /no document has both text and labels \(1 without labels/,
  );
  expect(await messageOf("")).toMatch(/^notes\.jsonl: is empty; expected/);
});

test("labels become one line each, once each", async () => {
  const labels = ["two\twords", "two words", "line\nbreak", " padded ", "half\ud800", "\t", "fine"];
  const { documents, corpus } = await read(JSON.stringify({ id: "a", text: "t", labels }));
  expect(documents[0]!.labels).toEqual(["two words", "line break", "padded", "half\ufffd", "fine"]);
  expect(corpus.report).toMatchObject({ labelsTidied: 4, labelsEmpty: 1 });
});

test("NUL characters in a text are read as spaces", async () => {
  const { documents, corpus } = await read('{"id":"a","text":"a\\u0000b","labels":["x"]}');
  expect(documents[0]!.text).toBe("a b");
  expect(corpus.report.nulCharacters).toBe(1);
});

test("bytes that are not UTF-8 are an error with the line", async () => {
  expect(await messageOf(Buffer.concat([Buffer.from(two), Buffer.from('{"id":"caf\xe9"', "latin1")]))).toMatch(
    /^notes\.jsonl:3: is not UTF-8; convert the file/,
  );
});

test("gzip data that is cut short or damaged is an error with a cure", async () => {
  const whole = gzipSync(two.repeat(1000));
  expect(await messageOf(whole.subarray(0, whole.length - 20), "notes.jsonl.gz")).toMatch(/cut short, copy it again/);
  const flipped = Buffer.from(whole);
  flipped[30]! ^= 0xff;
  expect(await messageOf(flipped, "notes.jsonl.gz")).toMatch(/damaged|cut short/);
});

test("a folder with train and test parts gives the part that is asked for, with label names", async () => {
  const folder = scratchFolder({
    "train.jsonl.gz": gzipSync(two),
    "test.jsonl": '{"id":"t","text":"t","labels":["x"]}',
    "labels.tsv": "id\tname\tbroader\ngreen\tthe colour\t\n",
  });
  const train = await openCorpus(folder);
  expect((await all(train)).map((it) => it.id)).toEqual(["a", "b"]);
  expect(await train.labelNames()).toEqual(new Map([["green", "the colour"]]));
  expect((await all(await openCorpus(folder, { part: "test" }))).map((it) => it.id)).toEqual(["t"]);
});

test("what is no corpus is refused with the forms that are", async () => {
  expect(await messageOf("Dear diary,\n", "notes.txt")).toMatch(
    /is no corpus, its first line is "Dear diary,"; expected/,
  );
  await expect(openCorpus(path.join(scratchFolder(), "missing"))).rejects.toThrow(/no such file or folder/);
});

test("an abort stops the reading with the signal's reason", async () => {
  const corpus = await openCorpus(path.join(scratchFolder({ "a.jsonl": two }), "a.jsonl"));
  const controller = new AbortController();
  const reading = (async () => {
    for await (const _ of corpus.documents(controller.signal)) controller.abort();
    for await (const _ of corpus.documents(controller.signal)) expect.fail("went on");
  })();
  await expect(reading).rejects.toThrow(/aborted/);
});
