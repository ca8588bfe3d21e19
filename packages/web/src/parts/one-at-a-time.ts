// Work that is due whenever there is news: never twice at once, with a pause after each, and once more for all news that came
// meanwhile. Nothing is given up for newer news: who is told faster than they can ask would never have an answer.

export interface OneAtATime {
  /** There is news. */
  tell(): void;
  /** What is due is not begun any more. */
  stop(): void;
}

/** @param work tells by false that it failed, and is to be done again after the pause */
export function oneAtATime(work: () => Promise<boolean>, pauseMs: number): OneAtATime {
  let isDue = false;
  let isBusy = false;
  let isStopped = false;
  const begin = async () => {
    isBusy = true;
    while (isDue && !isStopped) {
      isDue = false;
      if (!(await work())) isDue = true;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    isBusy = false;
  };
  return {
    tell() {
      isDue = true;
      if (!isBusy) void begin();
    },
    stop() {
      isStopped = true;
    },
  };
}
