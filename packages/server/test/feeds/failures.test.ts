// What the other side of an address can do to whoever asks: each way, to each kind of source. A failure is a value with what to
// do about it; the place is named without its query; nothing is followed.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { retryAfterSeconds } from "../../src/feeds/http.ts";
import { type Answer, ask, feedOf, HANGS, openSource, type TestSource } from "./support.ts";

const NOW = 1_900_000_000;
let source: TestSource;
beforeAll(async () => {
  source = await openSource();
});
afterAll(() => source.close());

const LIMITS = "timeoutSeconds: 1, maxBytes: 5000";
const SOURCES: Readonly<Record<string, { readonly fields: () => string; readonly type: string }>> = {
  entsoe: {
    fields: () =>
      `url: "${source.url}/api", token: {env: TOKEN}, zones: [{region: north, eic: 10YXX-INVENTED-1}]`,
    type: "text/xml",
  },
  "electricity-maps": {
    fields: () => `url: "${source.url}/v3", token: {env: TOKEN}, zones: [{region: north, zone: XX}]`,
    type: "application/json",
  },
  generic: {
    fields: () =>
      `url: "${source.url}/any?key=hidden", format: json, figures: [{region: north, figure: price, value: p, unit: USD/kWh}]`,
    type: "application/json",
  },
  iperf3: {
    fields: () => `links: [{from: north, to: south, url: "${source.url}/probe"}]`,
    type: "application/json",
  },
  dcgm: {
    fields: () => `url: "${source.url}", regions: [{region: north, selector: 'a="b"', busyAboveWatts: 200}]`,
    type: "application/json",
  },
};
const METADATA = "http://169.254.169.254/latest/meta-data/";

describe.each(Object.entries(SOURCES))("%s", (kind, { fields, type }) => {
  const askIt = async (answer: Answer | typeof HANGS) => {
    source.answer = () => answer;
    source.asked.length = 0;
    const said = await ask(
      feedOf(`version: 1\nsources: [{kind: ${kind}, name: x, ${LIMITS}, ${fields()}}]`),
      NOW,
    );
    expect(said.facts).toEqual([]);
    expect(said.failures).toHaveLength(1);
    expect(source.asked).toHaveLength(1);
    const [failure] = said.failures;
    expect(failure!.hint).not.toBe("");
    expect(failure!.message).not.toMatch(/s3cret|hidden|\?/);
    return failure!;
  };

  test.each<[string, Answer, string]>([
    ["too many requests", { status: 429 }, "rate-limited"],
    ["a failure of its own", { status: 500, body: "s3cret" }, "server-error"],
    [
      "a page for JSON or XML",
      { type: "text/html; charset=utf-8", body: "<html>hello</html>" },
      "wrong-type",
    ],
    ["no type at all", { type: "", body: "{}" }, "wrong-type"],
    ["more than may be", { body: " ".repeat(200_000) }, "too-large"],
    ["a redirect to a machine's credentials", { status: 302, headers: { Location: METADATA } }, "redirected"],
    ["a redirect to itself", { status: 307, headers: { Location: "/elsewhere" } }, "redirected"],
    ["a redirect to nowhere", { status: 301 }, "redirected"],
    ["no permission", { status: 401 }, "refused"],
    ["forbidden", { status: 403 }, "refused"],
    ["nothing", { body: "" }, "bad-answer"],
    ["an answer that is cut off", { body: "<a><b>{" }, "bad-answer"],
    ["bytes of no text", { body: "\u0000\u0001\ufffd" }, "bad-answer"],
  ])("%s", async (_, answer, code) => {
    expect(await askIt({ type, ...answer })).toMatchObject({ code });
  });

  test("a pause that is asked for is kept", async () => {
    expect(await askIt({ status: 429, headers: { "Retry-After": "90" } })).toMatchObject({
      retryAfterSeconds: 90,
    });
    const at = new Date((NOW + 30) * 1000).toUTCString();
    expect(await askIt({ status: 503, headers: { "Retry-After": at } })).toMatchObject({
      ...{ code: "server-error", retryAfterSeconds: 30 },
    });
  });

  test("no answer at all", async () => {
    expect(await askIt(HANGS)).toMatchObject({ code: "timed-out" });
  });
});

test("a place where nobody listens, and one that is no place", async () => {
  const at = (url: string) =>
    ask(
      feedOf(
        `version: 1\nsources: [{kind: generic, name: x, url: "${url}", format: json, figures: [{region: r, figure: price, value: p, unit: USD/kWh}]}]`,
      ),
      NOW,
    );
  const gone = await openSource();
  await gone.close();
  expect(await at(`${gone.url}/p?key=hidden`)).toMatchObject({
    failures: [{ code: "unreachable", message: `${gone.url}/p: ECONNREFUSED` }],
  });
  expect(await at("http://:99999/p")).toMatchObject({ failures: [{ code: "unreachable" }] });
});

test.each([
  ["120", 120],
  ["0", 0],
  ["99999999", 86_400],
  ["-5", undefined],
  ["soon", undefined],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
])("Retry-After: %s", (header, wanted) => {
  expect(retryAfterSeconds(header, NOW)).toBe(wanted);
});
