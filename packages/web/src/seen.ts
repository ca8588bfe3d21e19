/** Until somebody can see the page: one in a tab behind others asks nothing of the service. Never, once it is given up. */
export function untilSeen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "visible") resolve();
      else document.addEventListener("visibilitychange", look, { once: true, signal });
    };
    look();
  });
}
