// Before something is lost: asked on a terminal; without one, what a command names outright goes through.
import { describe, expect, test } from "vitest";
import { fakeService } from "./support/fake-service.ts";
import { bace } from "./support/recorder.ts";
import { jobView, REGIONS } from "./support/views.ts";

const ANSWERS = {
  "GET /v1/jobs/a": jobView({ id: "a" }),
  "GET /v1/jobs/b": jobView({ id: "b" }),
  "POST /v1/jobs/a/cancel": jobView({ id: "a", phase: "stopping" }),
  "POST /v1/jobs/b/cancel": jobView({ id: "b", phase: "stopping" }),
  "POST /v1/regions/frankfurt/drain": REGIONS[0]!,
  "POST /v1/tokens/0123456789ab/revoke": { id: "0123456789ab", name: "ci" },
};

describe.each([
  { args: ["cancel", "a"], isNamed: true },
  { args: ["cancel", "a", "b"], isNamed: false },
  { args: ["drain", "frankfurt"], isNamed: true },
  { args: ["drain", "frankfurt", "frankfurt"], isNamed: false },
  { args: ["token", "revoke", "0123456789ab"], isNamed: true },
])("bace $args", ({ args, isNamed }) => {
  const run = async (more: readonly string[], answer?: boolean) => {
    const { asked, url } = await fakeService(ANSWERS);
    const outside = answer === undefined ? {} : { answer };
    const { err, exitCode } = await bace([...args, ...more, "--server", url], outside);
    return { err, exitCode, isDone: asked.some((route) => route.startsWith("POST")) };
  };

  test("does what is confirmed, on the terminal or by --yes", async () => {
    expect(await run([], true)).toMatchObject({ exitCode: 0, isDone: true });
    expect(await run(["--yes"])).toMatchObject({ exitCode: 0, isDone: true });
  });

  test("does nothing where the answer is no", async () => {
    expect(await run([], false)).toMatchObject({ exitCode: 1, isDone: false });
  });

  test("without a terminal asks nobody: one thing by its name goes through, several need --yes", async () => {
    const { err, ...done } = await run([]);
    expect(done).toEqual(isNamed ? { exitCode: 0, isDone: true } : { exitCode: 2, isDone: false });
    if (!isNamed) expect(err).toContain("give --yes if that is meant");
  });
});
