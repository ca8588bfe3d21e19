// The pages, by the first part of the address. Each is a file of its own, fetched when it is first looked at.
import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { Place } from "../location.ts";

export interface PageProps {
  readonly place: Place;
}

export interface Page {
  readonly path: string;
  readonly title: string;
  /** Whether the way there is in the bar of every page. */
  readonly isInNav: boolean;
  readonly View: LazyExoticComponent<ComponentType<PageProps>>;
}

function page<Name extends string>(
  path: string,
  title: string,
  name: Name,
  load: () => Promise<Readonly<Record<Name, ComponentType<PageProps>>>>,
  isInNav = true,
): Page {
  return { path, title, isInNav, View: lazy(async () => ({ default: (await load())[name] })) };
}

export const PAGES: readonly Page[] = [
  page("", "Overview", "OverviewPage", () => import("./overview/index.tsx")),
  page("queue", "Queue", "QueuePage", () => import("./queue/index.tsx")),
  page("jobs", "Job", "JobPage", () => import("./job/index.tsx"), false),
  page("regions", "Regions", "RegionsPage", () => import("./regions/index.tsx")),
  page("simulate", "Simulate", "SimulatePage", () => import("./simulate/index.tsx")),
  page("schedules", "Schedules", "SchedulesPage", () => import("./schedules/index.tsx")),
  page("submit", "Submit", "SubmitPage", () => import("./submit/index.tsx")),
];
