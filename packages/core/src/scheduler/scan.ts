// Scanning the queue in a round; see round.ts for the rules.
import type { Job } from "../cost/job.ts";
import { copyLedger, type Ledger, type Placement, reserve } from "../fleet/ledger.ts";
import type { Kind, Kinds } from "./kinds.ts";
import { bySubmission, bySubmitTime, lineUp, placesIn, type Ranking } from "./order.ts";
import type { Decision, Explanation, Round, Search, View } from "./policy.ts";
import { inPrecedence, isOfTopClass } from "./precedence.ts";
import { keepsReservation, type Reservation, reservationFor, type Started } from "./reservation.ts";
import type { PolicyParts, SearchContext } from "./round.ts";
import { idealOf } from "./target.ts";

/** What a round has come to so far. */
interface Progress {
  readonly ledger: Ledger;
  readonly decisions: Decision[];
  readonly started: Started[];
  /** Kinds of jobs that found nothing: what is free only shrinks within a round. */
  readonly failed: Set<Kind>;
  active: number;
  /** The most GPUs that any one placement could have. */
  reachable: number;
  considered: number;
  inVain: number;
  blockedBy: string | undefined;
  reservation: Reservation | undefined;
  reconsiderAtSeconds: number;
}

/**
 * @param everyone whether every queued job gets a decision, in the order they were considered; otherwise those only that
 *   start or are infeasible, and jobs are left out as soon as it is known that they cannot start.
 */
export function scan(parts: PolicyParts, kinds: Kinds, view: View, everyone: boolean): Round {
  const { options } = parts;
  const { depth = Number.POSITIVE_INFINITY } = options;
  const { nowSeconds } = view;
  const ledger = copyLedger(view.ledger);
  const { fleet } = ledger;
  const asked: SearchContext = { ledger, nowSeconds, start: options.start, view };
  const least: SearchContext = { ...asked, start: "minimum" };
  const round: Progress = {
    ledger,
    decisions: [],
    started: [],
    failed: new Set(),
    active: view.activeJobs,
    reachable: parts.reachable(ledger),
    considered: 0,
    inVain: 0,
    blockedBy: undefined,
    reservation: undefined,
    reconsiderAtSeconds: Number.POSITIVE_INFINITY,
  };

  const isOverdue = (job: Job) => (parts.isOverdue?.(job, view) ?? false) && isOfTopClass(job, view);
  const [overdue, inTime] = parts.isOverdue ? partition(view.queue, isOverdue) : [[], view.queue];
  /** Whether every job is considered, up to the one that holds back the others. */
  const all = everyone || options.queue !== "skip" || options.reorder === "start";
  const kindOf = (job: Job) => kinds.of(job, fleet);
  const cannotStart = (kind: Kind) =>
    round.active > 0 && (kind.neededGpus > round.reachable || round.failed.has(kind));
  const mayMatter = (job: Job) => {
    const kind = kinds.of(job, fleet);
    return !kind.isFeasible || !cannotStart(kind);
  };
  const isOver = () => !everyone && (round.blockedBy !== undefined || round.inVain >= depth);
  const find = (job: Job): Search => {
    const found = parts.search(job, asked);
    if (found.placement || round.active > 0 || options.start === "minimum") return found;
    return parts.search(job, least);
  };
  const placeOverdue = placesIn(overdue, bySubmitTime);
  let placeInTime = placesIn(inTime, bySubmitTime);
  /** In the order of the whole queue, of which only a part is ever looked at. */
  const placeOf = (job: Job) => (isOverdue(job) ? placeOverdue(job) : overdue.length + placeInTime(job));
  const explain = (job: Job, by: Ranking, of: Search): Explanation => ({
    policy: parts.name,
    position: all ? round.considered : placeOf(job),
    order: by.terms(job),
    ...precedenceOf(job, by),
    targetGpus: of.targetGpus,
    neededGpus: of.neededGpus,
    candidates: of.candidates,
    iterationLowerBoundSeconds:
      view.timeModel === "auto" ? idealOf(job, fleet).workSeconds : of.iterationLowerBoundSeconds,
    ...(round.blockedBy === undefined ? {} : { blockedBy: round.blockedBy }),
  });
  const fitsOn = (job: Job, context: SearchContext): boolean =>
    parts.fits?.(job, context) ?? parts.search(job, context).placement !== undefined;
  const reserveFor = (job: Job): Reservation =>
    reservationFor(job, ledger, view, round.started, (future) => fitsOn(job, { ...least, ledger: future }));

  /** What keeps a job from starting although there is room for it. */
  const heldBack = (
    job: Job,
    search: Search & { placement: Placement },
  ): Partial<Explanation> | undefined => {
    const { reservation } = round;
    if (reservation && !keepsReservation(job, search.placement, reservation, view))
      return { reservedFor: reservation.job.id };
    const postponed = parts.postpone?.(job, search, asked);
    if (!postponed) return undefined;
    const { untilSeconds = round.reconsiderAtSeconds, why } = postponed;
    round.reconsiderAtSeconds = Math.min(round.reconsiderAtSeconds, untilSeconds);
    return { postponed: why };
  };

  const holdBackOthers = (job: Job): void => {
    if (options.queue === "block") round.blockedBy ??= job.id;
    else if (!round.reservation && (options.queue === "backfill" || isOverdue(job)))
      round.reservation = reserveFor(job);
  };

  // No closures in here: it runs for every job of a long queue.
  const consider = (job: Job, by: Ranking): "started" | "left" => {
    round.considered++;
    const hopeless = cannotStart(kindOf(job));
    const search = hopeless && !everyone ? undefined : find(job);
    let held: Partial<Explanation> = {};
    if (!hopeless && round.inVain >= depth) held = { depth };
    else if (search && hasPlacement(search) && round.blockedBy === undefined) {
      const why = heldBack(job, search);
      if (!why) {
        reserve(ledger, search.placement);
        round.reservation?.started(job, search.placement);
        round.started.push({ job, placement: search.placement });
        round.active++;
        round.reachable = parts.reachable(ledger);
        const { placement } = search;
        round.decisions.push({ kind: "start", jobId: job.id, placement, why: explain(job, by, search) });
        return "started";
      }
      held = why;
      round.inVain++;
    } else {
      if (!hopeless) round.inVain++;
      if (!search?.placement) {
        round.failed.add(kindOf(job));
        // On an idle fleet the search has just been that on an empty one, at the prices of now.
        const refused = round.active === 0 ? search : kinds.refuse(job, least);
        if (refused) {
          round.decisions.push({ kind: "infeasible", jobId: job.id, why: explain(job, by, refused) });
          return "left";
        }
      }
    }
    if (everyone)
      round.decisions.push({ kind: "wait", jobId: job.id, why: { ...explain(job, by, search!), ...held } });
    if (!search?.placement) holdBackOthers(job);
    return "left";
  };

  const tryInOrder = (jobs: readonly Job[]): void => {
    /** Of each kind that may still start, or be infeasible, some job: where none is left, nobody need be looked at. */
    const hopes = new Map<Kind, Job>();
    if (!all) for (const job of jobs) hopes.set(kindOf(job), job);
    const rankingOf = (left: readonly Job[]) => inPrecedence(parts.order({ ...view, ledger }), left, view);
    let ranking = rankingOf(inTime);
    placeInTime = placesIn(inTime, ranking);
    let line = lineUp(jobs, ranking);
    for (let job = line.next(); job && !isOver() && (all || hopes.size > 0); job = line.next()) {
      if (consider(job, ranking) === "started") {
        for (const [kind, one] of hopes) if (!mayMatter(one)) hopes.delete(kind);
        if (options.reorder !== "start") continue;
        const left = line.rest();
        ranking = rankingOf(left);
        line = lineUp(left, ranking);
      } else if (round.failed.has(kindOf(job))) hopes.delete(kindOf(job));
    }
  };

  for (const job of all ? overdue.sort(bySubmission) : overdueToTry(overdue, mayMatter)) {
    if (isOver()) break;
    if (all || !round.reservation || mayMatter(job)) consider(job, bySubmitTime);
  }
  const tried = all ? inTime : inTime.filter(mayMatter);
  if (tried.length > 0) tryInOrder(tried);
  const { decisions, reconsiderAtSeconds } = round;
  return { decisions, ...(Number.isFinite(reconsiderAtSeconds) ? { reconsiderAtSeconds } : {}) };
}

function precedenceOf(job: Job, { precedence }: Ranking): Pick<Explanation, "precedence"> {
  const found = precedence?.(job);
  return found ? { precedence: found } : {};
}

/** Those that may matter, and the first of the others, who cannot start and so gets the reservation. */
function overdueToTry(overdue: readonly Job[], mayMatter: (job: Job) => boolean): Job[] {
  const [tried, others] = partition(overdue, mayMatter);
  const first = others.reduce<Job | undefined>(
    (least, job) => (least && bySubmission(least, job) <= 0 ? least : job),
    undefined,
  );
  return (first ? [...tried, first] : tried).sort(bySubmission);
}

function hasPlacement(search: Search): search is Search & { placement: Placement } {
  return search.placement !== undefined;
}

function partition<T>(values: readonly T[], isFirst: (value: T) => boolean): [T[], T[]] {
  const [first, second]: [T[], T[]] = [[], []];
  for (const value of values) (isFirst(value) ? first : second).push(value);
  return [first, second];
}
