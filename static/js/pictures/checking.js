/** Checks chosen pictures one after the other, as soon as they are chosen. */

/**
 * Check every waiting picture of the tray, and record its verdict.
 * @param {import("./tray.js").Tray} tray
 * @param {(file: File) => Promise<import("../camera/check.js").Verdict>} check
 * @param {Record<string, string>} words texts for checks without a verdict, by code
 */
export async function checkWaiting(tray, check, words) {
  const picture = tray.pictures.find((one) => one.state === "waiting");
  if (!picture) return;
  tray.judge(picture.id, "checking");
  try {
    const verdict = await check(picture.file);
    tray.judge(picture.id, stateOf(verdict), verdict.message);
  } catch (failure) {
    const state = failure.code === "too_large" ? "poor" : "unknown";
    tray.judge(picture.id, state, words[failure.code] ?? words.refused);
  }
  await checkWaiting(tray, check, words);
}

/** A usable picture with faults is marked for a second look. */
function stateOf({ ok, reasons }) {
  if (!ok) return "poor";
  return reasons.length ? "doubtful" : "good";
}
