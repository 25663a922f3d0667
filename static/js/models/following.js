/** Follows a change of the model: polls its progress until it has ended. */

export const PAUSE_MS = 2000;

/**
 * @typedef {{unfinished: boolean, done: number, total: number, words: string}} Progress
 * @param {() => Promise<Progress>} ask rejects if the server cannot be reached
 * @param {(progress: Progress) => void} show
 * @param {(milliseconds: number) => Promise<void>} pause
 * @returns {Promise<void>} resolves when the change has ended
 */
export async function follow(ask, show, pause) {
  for (;;) {
    const progress = await ask().catch(() => null);
    if (progress) show(progress);
    if (progress && !progress.unfinished) return;
    await pause(PAUSE_MS);
  }
}
