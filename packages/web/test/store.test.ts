import { expect, test } from "vitest";
import { createStore } from "../src/live/store.ts";
import { job } from "./support/job.ts";

const changes = (jobs: readonly string[], more: object = {}) => ({
  ...{ nowSeconds: 100, jobs: jobs.map((id) => job(id, "queued")) },
  ...more,
});
const broken = (kind: "lost" | "refused", sinceMs: number) => ({ kind, sinceMs, message: "" });

test("a break is as old as its first sign, also where the service comes back with errors first", () => {
  const store = createStore();
  store.connected({ kind: "live" });
  store.connected(broken("lost", 1000));
  store.connected(broken("lost", 2000));
  store.connected(broken("refused", 3000));
  expect(store.connection()).toMatchObject({ kind: "refused", sinceMs: 1000 });
  store.connected({ kind: "live" });
  store.connected(broken("lost", 9000));
  expect(store.connection()).toMatchObject({ sinceMs: 9000 });
});

test("of each job it is known when it was told, as it is now", () => {
  const store = createStore();
  store.apply({ ...changes(["a", "b"], { begin: true }), nowSeconds: 100 }, "1", 0);
  store.apply({ ...changes(["b"]), nowSeconds: 160 }, "2", 0);
  const told = [...store.known().jobs.values()].map((each) => [each.id, store.toldSeconds(each)]);
  expect(told).toEqual([
    ["a", 100],
    ["b", 160],
  ]);
});

test("jobs that are told anew are shown when all are told, and not where the telling broke off", () => {
  const store = createStore();
  const names = () => [...store.known().jobs.keys()];
  store.apply(changes(["a", "b"], { begin: true }), "1", 0);
  expect(names()).toEqual(["a", "b"]);
  store.apply(changes(["a"], { begin: true }), undefined, 0);
  expect(names()).toEqual(["a", "b"]);
  store.connected(broken("lost", 1000));
  store.apply(changes(["c"]), "2", 0);
  expect(names()).toEqual(["a", "b", "c"]);
  store.apply(changes(["c"], { begin: true }), "3", 0);
  expect(names()).toEqual(["c"]);
});
