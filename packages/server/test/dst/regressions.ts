// Seeds that have found something once.
export const REGRESSIONS = [
  {
    seed: 24,
    found: "a request whose commit failed was answered with 500, as if the service had a defect",
  },
  {
    seed: 34,
    found: "the same, at check-in",
  },
  {
    seed: 1241,
    found: "a job behind one that never fits was not asked about when that one was found infeasible",
  },
  {
    seed: 4555,
    found: "a job behind one that never fits was not asked about when that one was found infeasible",
  },
  {
    seed: 19996,
    found:
      "a launch that its cluster forgot before anybody saw it run was started again, though its ranks had met",
  },
  {
    seed: 20086,
    found:
      "what tenants had used was added up in another order after a snapshot, and differed in the last bit",
  },
] as const;
