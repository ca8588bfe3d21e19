// What stands around every page: where one can go, whether what is shown is fresh, and who looks.
import { Suspense, useEffect, useRef } from "react";
import { addressOf, usePlace } from "../location.ts";
import { PAGES } from "../pages/index.ts";
import { ConnectionBanner } from "./connection-banner.tsx";
import { Failed } from "./failed.tsx";
import { Freshness } from "./freshness.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

export function Shell() {
  const place = usePlace();
  const [name = "", what] = place.path;
  const page = PAGES.find(({ path }) => path === name);
  const main = useRef<HTMLElement>(null);
  const address = place.path.join("/");
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is read from its beginning, also by ear.
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else {
      main.current?.focus();
      window.scrollTo(0, 0);
    }
  }, [address]);
  const title = page ? (what ?? page.title) : "No such page";
  return (
    <>
      <title>{`${title} · BACE-Pipe`}</title>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <header className="shell">
        <a className="brand" href={addressOf([])}>
          BACE-Pipe
        </a>
        <nav aria-label="Pages">
          {PAGES.filter(({ isInNav }) => isInNav).map(({ path, title: label }) => (
            <a
              key={path}
              href={addressOf(path === "" ? [] : [path])}
              className={path === "submit" ? "button" : undefined}
              aria-current={path === name || (path === "queue" && name === "jobs") ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        <Freshness />
        <ThemeChoice />
      </header>
      <ConnectionBanner />
      <main id="main" ref={main} tabIndex={-1} aria-label={title}>
        <Failed key={address}>
          <Suspense fallback={<p className="small">Fetching the page …</p>}>
            {page ? <page.View place={place} /> : <NoSuchPage />}
          </Suspense>
        </Failed>
      </main>
    </>
  );
}

function NoSuchPage() {
  return (
    <>
      <h1>No such page</h1>
      <p>
        <a href={addressOf([])}>Overview</a>
      </p>
    </>
  );
}
