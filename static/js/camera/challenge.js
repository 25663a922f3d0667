/** Runs a liveness challenge with the server: frame by frame, one instruction at a time. */

export const ANSWER_TIMEOUT_MS = 8000;

/**
 * The next prompt of a challenge.
 * @typedef {object} Asked
 * @property {number} frame the number that the next frame must have
 * @property {number} step index of the instruction, 0 for looking straight ahead
 * @property {number} of number of movements
 * @property {string} instruction "straight", a movement, or "done" after the last one
 * @property {number} share progress of the instruction, 0 to 1
 * @property {string} message what to do, in the page's language
 * @property {string | null} [light] colour around the oval, null for none
 */

/** A refusal by the server; `message` is the reason, `again` whether a retry may help. */
export class ChallengeRefusal extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {boolean} again
   * @param {number | null} expected number of the frame that the server expects
   * @param {number} seconds to wait before the next attempt
   */
  constructor(code, message, again, expected = null, seconds = 0) {
    super(message);
    this.code = code;
    this.again = again;
    this.expected = expected;
    this.seconds = seconds;
  }
}

const AGAIN = new Set(["offline", "busy"]);
// Another window started a check for the same claim, or this one was judged.
const ELSEWHERE = "challenge_unknown";

/** Sends the requests of challenges, with the page's CSRF token. */
export class ChallengeClient {
  #urls;
  #token;
  #words;
  #fetch;

  /**
   * @param {{begin: string, frames: string, judge?: string}} urls
   * @param {string} token CSRF token
   * @param {import("../words.js").Words} words
   * @param {typeof fetch} send
   */
  constructor(urls, token, words, send = (...request) => fetch(...request)) {
    this.#urls = urls;
    this.#token = token;
    this.#words = words;
    this.#fetch = send;
  }

  /**
   * @param {string} identifier the claimed identity
   * @param {AbortSignal} signal
   * @returns {Promise<Asked & {challenge: string}>}
   * @throws {ChallengeRefusal}
   */
  begin(identifier, signal) {
    return this.#send(this.#urls.begin, { identifier }, signal);
  }

  /**
   * @param {string} challenge token returned by `begin`
   * @param {number} number of the frame
   * @param {Blob} frame
   * @param {AbortSignal} signal
   * @returns {Promise<Asked>}
   * @throws {ChallengeRefusal}
   */
  see(challenge, number, frame, signal) {
    return this.#send(this.#urls.frames, { challenge, number, frame }, signal);
  }

  /**
   * Have a challenge judged before an enrolment.
   * @param {string} challenge
   * @param {string} identifier
   * @throws {ChallengeRefusal} also if it was not passed
   */
  async judge(challenge, identifier) {
    const signal = new AbortController().signal;
    await this.#send(this.#urls.judge, { challenge, identifier }, signal);
  }

  async #send(url, fields, signal) {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    const response = await this.#answer(url, body, signal);
    const answer = await response.json().catch(() => ({ refused: response.status }));
    if (response.ok && !answer.refused) return answer;
    throw this.#refusal(answer, Number(response.headers?.get("Retry-After")));
  }

  async #answer(url, body, signal) {
    try {
      return await this.#fetch(url, {
        method: "POST",
        body,
        credentials: "same-origin",
        headers: { "X-CSRFToken": this.#token, Accept: "application/json" },
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ChallengeRefusal("offline", this.#words.offline, true);
    }
  }

  #refusal(answer, retryAfter) {
    const code = answer.code ?? "refused";
    const message = code === ELSEWHERE ? this.#words.elsewhere : answer.message ?? this.#words.busy;
    const seconds = answer.seconds ?? (retryAfter || 0);
    return new ChallengeRefusal(code, message, AGAIN.has(code), answer.expected ?? null, seconds);
  }
}
