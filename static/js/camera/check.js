/** Sends one picture to the server for a check; nothing is stored there. */

export const CHECK_TIMEOUT_MS = 8000;
const BUSY = new Set([429, 503]);
const TOO_LARGE = 413;

/**
 * @typedef {object} Verdict
 * @property {number} faces
 * @property {boolean} ok whether the picture is good to use
 * @property {string[]} reasons codes of the faults, the most important first
 * @property {string} message what to do, in the page's language
 * @property {number[] | null} box x, y, width, height as shares of the frame, 0 to 1
 * @property {number | null} yaw degrees, positive when the nose points to the frame's right
 * @property {number | null} pitch degrees, positive when the nose points up
 */

/** A check without a verdict; `retryMs` is the time to wait before the next one. */
export class CheckFailure extends Error {
  /**
   * @param {"offline" | "busy" | "refused" | "too_large"} code
   * @param {number} retryMs
   */
  constructor(code, retryMs) {
    super(code);
    this.code = code;
    this.retryMs = retryMs;
  }
}

/** Sends pictures to the check's address, with the page's CSRF token. */
export class Checker {
  #url;
  #token;
  #fetch;

  /**
   * @param {string} url
   * @param {string} token
   * @param {typeof fetch} send
   */
  constructor(url, token, send = (...request) => fetch(...request)) {
    this.#url = url;
    this.#token = token;
    this.#fetch = send;
  }

  /**
   * @param {Blob} picture
   * @param {"guide" | "picture"} purpose a live frame, or a file that the user chose
   * @param {AbortSignal} [signal]
   * @returns {Promise<Verdict>}
   * @throws {CheckFailure}
   */
  async check(picture, purpose, signal) {
    const response = await this.#send(picture, purpose, signal);
    const answer = response.ok ? await response.json() : { refused: response.status };
    if (!answer.refused) return answer;
    const seconds = Number(response.headers.get("Retry-After") ?? answer.retry_after);
    if (BUSY.has(answer.refused)) throw new CheckFailure("busy", (seconds || 2) * 1000);
    if (answer.refused === TOO_LARGE) throw new CheckFailure("too_large", 1000);
    throw new CheckFailure("refused", 3000);
  }

  async #send(picture, purpose, signal) {
    const body = new FormData();
    body.append("purpose", purpose);
    body.append("frame", picture, picture.name ?? "frame.jpg");
    const timeout = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    try {
      return await this.#fetch(this.#url, {
        method: "POST",
        body,
        credentials: "same-origin",
        headers: { "X-CSRFToken": this.#token, Accept: "application/json" },
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
    } catch {
      throw new CheckFailure("offline", 1000);
    }
  }
}
