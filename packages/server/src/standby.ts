// What an instance answers that is not the active one: it lives, it is not ready, and everything else is to be asked of
// the active one, or again in a moment.
import { ProblemError } from "./problem.ts";

const RETRY_SECONDS = 1;

export function standingBy(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz") return Response.json({ status: "ok" });
  const { problem } = new ProblemError(
    "standing-by",
    "this instance stands by: ask the active one, or ask again; what was asked may have been done",
  );
  return Response.json(problem, {
    status: problem.status,
    headers: { "Content-Type": "application/problem+json", "Retry-After": String(RETRY_SECONDS) },
  });
}
